"""Replay files: bad lines are refused with their place."""

import json
from datetime import UTC, datetime

import pandas as pd
import pytest

from ml.data.errors import DataError
from ml.evaluation.replay_file import instant, read_replay, used_blocks

VISITS = pd.DataFrame(
    [("page", "u", "2030-01-01", "a", 3), ("page", "u", "2030-01-01", "b", 1)],
    columns=["surface", "user", "at", "block", "uses"],
)


def line(**other):
    layout = [{"id": b, "x": 0, "y": y, "w": 12, "h": 1} for y, b in enumerate("ba")]
    given = {"user": "u", "surface": "page", "at": "2030-01-01", "visit": 0, "tokens": [7, 9]}
    return json.dumps({**given, "layout": layout, "default": ["a", "b"], **other})


def read(tmp_path, *lines):
    path = tmp_path / "replay.jsonl"
    path.write_text("\n".join(lines))
    return list(read_replay(path, used_blocks(VISITS)))


def test_a_line_is_joined_with_the_blocks_used_in_its_visit(tmp_path):
    (visit,) = read(tmp_path, line())

    assert visit.blocks == ("a", "b")
    assert list(visit.layout) == ["b", "a"]
    assert visit.tokens == 2
    assert visit.day == 21915  # date -d 2030-01-01 +%s / 86400


@pytest.mark.parametrize(
    ("broken", "rule"),
    [
        ("{", "Expecting"),
        (line(user="v"), "v has no visit on page at 2030-01-01"),
        (line(default=["a"]), r"the default lacks used blocks \['b'\]"),
        (line(at="yesterday"), "yesterday"),
    ],
)
def test_a_bad_line_is_refused_with_its_number(tmp_path, broken, rule):
    with pytest.raises(DataError, match=rf"row 1: (.|\n)*{rule}"):
        read(tmp_path, broken, line())


def test_a_visit_replayed_twice_and_an_empty_file_are_refused(tmp_path):
    with pytest.raises(DataError, match="again"):
        read(tmp_path, line(), line())
    with pytest.raises(DataError, match="at least one visit"):
        read(tmp_path)


@pytest.mark.parametrize(
    "at", ["2030-01-01", "2030-01-01T00:00:00Z", "2030-01-01T01:00:00+01:00", "2030-01-01 00:00"]
)
def test_the_same_instant_in_different_words(at):
    assert instant(at) == datetime(2030, 1, 1, tzinfo=UTC)
