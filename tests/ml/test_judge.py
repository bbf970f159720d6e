"""The judge's figures on two visits, worked by hand."""

from __future__ import annotations

import json
import math
import subprocess
import sys

import pandas as pd
import pytest

from ml.judge import judge


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


def test_the_command_prints_a_line_per_surface(tmp_path):
    replay, visits = tmp_path / "replay.jsonl", tmp_path / "visits.csv"
    replay.write_text("".join(json.dumps(r) + "\n" for r in ROWS))
    frame = pd.DataFrame({"surface": "s", "user": "u", "at": ["2020-01-01", "2020-01-02"]})
    frame.assign(block="c", uses=1).to_csv(visits, index=False)
    command = [sys.executable, "-m", "ml.judge", "--replay", replay, "--visits", visits]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["captured"] == 0.5
