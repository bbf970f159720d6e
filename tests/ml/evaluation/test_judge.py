"""The judge's figures on two visits, computed by hand."""

from __future__ import annotations

import json
import math
import subprocess
import sys

import pandas as pd
import pytest

from ml import judge as command
from ml.evaluation.judge import judge


def row(visit: int, *order: str) -> dict:
    layout = [{"id": b, "x": 0, "y": y, "w": 1, "h": 1} for y, b in enumerate(order)]
    names = {"user": "u", "surface": "s", "at": f"2020-01-0{visit + 1}"}
    return {**names, "visit": visit, "layout": layout, "default": ["a", "b", "c"], "tokens": [0]}


ROWS = [row(0, "a", "b", "c"), row(1, "c", "a", "b")]
USED = {("s", "u", "2020-01-01"): ["c"], ("s", "u", "2020-01-02"): ["c"]}


def test_captured_gain_is_the_share_of_the_clairvoyant_one():
    found = next(judge(ROWS, USED))
    # Mean ranks: static 2 and 2, policy 2 and 0, clairvoyant 0 and 0.
    assert found["captured"] == pytest.approx((2 - 1) / (2 - 0))
    assert found["captured_first"] == 0.0
    assert found["moved"] == pytest.approx(3 / 2)


def test_seconds_follow_the_formula():
    found = next(judge(ROWS, USED))
    novice = 0.30 + 0.08 * 3 + 0.37 + 0.13 * math.log2(3.5)
    # Second visit, static: u = 1 so e = 1/2; q = 1.5 / 2.5 leaves T_decide below T_search.
    decide = 0.24 - 0.08 * math.log2(1.5 / 2.5)
    learnt = 0.5 * 0.54 + 0.5 * decide + 0.37 + 0.13 * math.log2(3.5)
    # The policy moved c by two ranks: its familiarity is lost, but it stands at the top.
    moved = 0.30 + 0.08 + 0.37 + 0.13 * math.log2(1.5)
    assert found["seconds"] == pytest.approx((novice + moved) / (novice + learnt))


def test_reading_adds_surprise_where_a_block_sank():
    sank = [row(0, "a", "b", "c"), row(1, "b", "a", "c")]
    used = {("s", "u", "2020-01-01"): ["b"], ("s", "u", "2020-01-02"): ["a"]}
    found = next(judge(sank, used))
    first = 2.0 + 2.0
    # Second visit: read b (used once) down to rank 0, then a stands one rank lower.
    policy, static = 2.0 / 2 + 0.2 + 2.0, 2.0
    assert found["reading"] == pytest.approx((first + policy) / (first + static))


def visits_file(folder):
    frame = pd.DataFrame({"surface": "s", "user": "u", "at": ["2020-01-01", "2020-01-02"]})
    frame.assign(block="c", uses=1).to_csv(folder / "visits.csv", index=False)
    return folder / "visits.csv"


def test_the_command_prints_a_line_per_surface(tmp_path):
    replay, visits = tmp_path / "replay.jsonl", visits_file(tmp_path)
    replay.write_text("".join(json.dumps(r) + "\n" for r in ROWS))
    line = [sys.executable, "-m", "ml.judge", "--replay", replay, "--visits", visits]
    done = subprocess.run(line, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["captured"] == 0.5


GOOD = row(0, "a", "b", "c")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "must be readable text"),
        ("", "lines = '0'; must hold a line per visit: write it with python -m ml.replay"),
        ("surface,user\n", "row 1: line = 'surface,user\\n'; must be a line of JSON"),
        ('{"a": 1}', "missing: user, surface, at, visit, layout, default, tokens"),
        ("[1]", "missing: user, surface"),
        (json.dumps({**GOOD, "user": "v"}), "at = '2020-01-01'; --visits has no such visit of 'v'"),
        (json.dumps({**GOOD, "user": 7}), "user = '7'; must be text"),
        (json.dumps({**GOOD, "visit": "x"}), "visit = 'x'; must be a whole number"),
        (json.dumps({**GOOD, "tokens": 3}), "tokens = '3'; must be a list"),
        (json.dumps({**GOOD, "layout": [1]}), "layout = '[1]'; must name every block"),
        (json.dumps({**GOOD, "default": ["a", "b"]}), "lacks blocks used in this visit: c"),
        (json.dumps({**GOOD, "default": ["c"]}), "must hold the blocks of layout"),
    ],
)
def test_a_replay_that_cannot_be_judged_is_refused_by_field_and_value(
    tmp_path, capsys, content, said
):
    replay = tmp_path / "replay.jsonl"
    if content is not None:
        replay.write_text(content)

    code = command.main(["--replay", str(replay), "--visits", str(visits_file(tmp_path))])

    printed = capsys.readouterr()
    assert (code, printed.out) == (2, "")
    assert "replay.jsonl" in printed.err
    assert said in printed.err


def test_visits_without_their_columns_are_refused(tmp_path, capsys):
    (tmp_path / "replay.jsonl").write_text(json.dumps(GOOD))
    (tmp_path / "visits.csv").write_text("who,when\nu,2020-01-01\n")

    files = ["--replay", str(tmp_path / "replay.jsonl"), "--visits", str(tmp_path / "visits.csv")]

    assert command.main(files) == 2
    assert "columns surface, user, at, block, uses are needed" in capsys.readouterr().err


def test_the_usage_says_how_the_command_is_called(capsys):
    with pytest.raises(SystemExit):
        command.main([])
    assert "usage: python -m ml.judge " in capsys.readouterr().err


def test_a_replay_of_pages_that_no_surface_file_declares_is_refused(tmp_path, capsys):
    replay = tmp_path / "replay.jsonl"
    replay.write_text(json.dumps(GOOD) + "\n")
    files = ["--replay", str(replay), "--visits", str(visits_file(tmp_path))]

    code = command.main([*files, "--surface", "fixtures/surfaces/bank.json"])

    printed = capsys.readouterr()
    assert (code, printed.out) == (2, "")
    assert "surface = 's'; is declared by no --surface file" in printed.err
