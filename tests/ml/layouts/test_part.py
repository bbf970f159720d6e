"""A version's layout part is kept in drafts and in versions trained from it."""

import gzip
import json
from pathlib import Path

import pytest

from ml.codec import INNATE
from ml.data.errors import DataError
from ml.layouts.part import carried, learn_layouts, with_layouts
from ml.layouts.records import read_edited
from ml.training.start import load_fitted
from ml.versions import draft
from ml.versions.draft import Draft
from uiengine.model.layout_codec import FILES
from uiengine.model.version_folder import load_version

REAL = Path(__file__).parents[4] / "shared/data/layouts"
ITEM = {"x": 0, "y": 0, "w": 6, "h": 4}


def test_a_draft_keeps_the_layout_part_byte_by_byte(version_folder, tmp_path):
    part = carried(INNATE)
    fitted = load_fitted(version_folder)
    made = Draft(fitted, {}, {}, ["sim"], {}, {}, seed=0, layouts=part)

    draft.save(made, tmp_path / "draft.pt")

    assert draft.load(tmp_path / "draft.pt").layouts == part


def test_versions_without_layouts_have_no_part(version_folder):
    assert load_version(version_folder).layouts is None
    assert carried(version_folder) is None


def test_a_part_is_exchanged_whole(version_folder, tmp_path):
    with_layouts(version_folder, carried(INNATE), tmp_path / "with")

    found = json.loads((tmp_path / "with/manifest.json").read_text())
    innate, bare = (
        json.loads((folder / "manifest.json").read_text()) for folder in (INNATE, version_folder)
    )
    assert found["layouts"] == innate["layouts"]
    assert {n: found["files"][n] for n in FILES} == {n: innate["files"][n] for n in FILES}
    assert found["surfaces"] == bare["surfaces"] and found["codebook"] == bare["codebook"]


def test_nothing_is_learned_of_no_layouts():
    with pytest.raises(DataError, match="needs a layout"):
        learn_layouts([])


def test_an_edit_is_read_as_the_layout_it_ended_in(tmp_path):
    items = [{"id": "a", "type": "stat", **ITEM}, {"id": "b", "type": "table", **ITEM, "x": 6}]
    edit = {"repo": "r", "before": items[:1], "after": items[::-1]}
    (tmp_path / "e.jsonl").write_text(json.dumps(edit) + "\n" + json.dumps({**edit, "columns": 24}))

    records = read_edited([tmp_path / "e.jsonl"])

    assert [r.kinds for r in records] == [("stat", "table")] * 2
    assert [r.columns for r in records] == [12, 24]
    assert records[0].boxes.tolist() == [[0, 0, 6, 4], [6, 0, 6, 4]]


def test_a_line_that_is_no_edit_is_refused(tmp_path):
    (tmp_path / "e.jsonl").write_text('{"before": []}\n')
    with pytest.raises(DataError, match="must be an edit"):
        read_edited([tmp_path / "e.jsonl"])


@pytest.mark.skipif(not REAL.exists(), reason="the real edits are not here")
def test_real_edits_are_layouts():
    path = REAL / "edits_val.jsonl.gz"
    with gzip.open(path, "rt") as lines:
        edits = [json.loads(line) for line in lines]
    records = read_edited([path])
    assert len(records) > 0.9 * len(edits)
    assert {r.kinds for r in records} <= {
        tuple(sorted(i["type"] for i in e["after"])) for e in edits
    }
