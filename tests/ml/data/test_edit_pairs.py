"""Which rearrangements keep their blocks, and which boxes are refused."""

import json
import random
from pathlib import Path

import pytest

from ml.data.edit_pairs import read_pairs
from ml.data.errors import DataError
from ml.layouts.records import read_edited

REAL = Path(__file__).parents[4] / "shared/data/layouts"


def items(*rows):
    """Builds rows of (widths, height)."""
    found, y = [], 0
    for widths, h in rows:
        x = 0
        for w in widths:
            found.append({"id": f"b{len(found)}", "type": "chart", "x": x, "y": y, "w": w, "h": h})
            x += w
        y += h
    return found


def planted(number):
    """Simulates people who widen narrow charts."""
    draw = random.Random(number)
    before = items(*[((draw.choice([2, 3]),) * 4, draw.choice([3, 4, 5])) for _ in range(3)])
    after = items(*[((3,) * 2 + (6,), draw.choice([3, 4, 5])) for _ in range(4)])
    repo = f"made{number % 5}"
    return {"columns": 12, "repo": repo, "before": before, "after": after}


def write(path, pairs):
    path.write_text("".join(json.dumps(pair) + "\n" for pair in pairs))
    return str(path)


def test_pairs_of_other_blocks_are_left_out(tmp_path):
    other = planted(1)
    other["after"] = other["after"][:-1]

    assert len(read_pairs([write(tmp_path / "a.jsonl", [planted(1), other])])) == 1


def test_odd_boxes_of_an_edit_that_is_no_pair_stop_nothing(tmp_path):
    other, pair = planted(1), planted(2)
    other["before"][4]["x"] = "-9"
    other["after"] = other["after"][:-1]
    path = write(tmp_path / "a.jsonl", [other, pair])

    assert [p.repo for p in read_pairs([path])] == [pair["repo"]]
    assert len(read_edited([path])) == 2


def test_odd_boxes_of_a_pair_are_refused_by_row_and_field(tmp_path):
    pair = planted(2)
    pair["after"][3]["x"] = -9

    with pytest.raises(DataError, match=r"row 2: after\[3\].x = '-9'"):
        read_pairs([write(tmp_path / "a.jsonl", [planted(1), pair])])


@pytest.mark.skipif(not REAL.exists(), reason="the real edits are not here")
@pytest.mark.parametrize(("name", "kept"), [("edits_train", 438), ("edits_val", 69)])
def test_the_real_edits_are_read(name, kept):
    """Counts as many pairs as the figures in LOG.md are based on."""
    assert len(read_pairs([REAL / f"{name}.jsonl.gz"])) == kept
    assert len(read_edited([REAL / f"{name}.jsonl.gz"])) >= kept  # also results of other edits
