"""Ideas over seeds: bits as coded, intervals over pairs of seeds, and a run in miniature."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from ml.experiments import recipe, report, tables
from ml.experiments.__main__ import main


def test_coded_bits_are_those_of_lengths_and_of_the_tokens_that_are_spent():
    """Lengths are even (1 bit); the first stage has two codes, the second four for half."""
    tokens = [(0,), (1,), (0,), (1,), (0, 0), (1, 1), (0, 2), (1, 3)]
    assert recipe.coded_bits(tokens) == 1 + 1 + 0.5 * 2


@pytest.mark.parametrize("counts", [[5], [1, 1], [7, 2, 1, 0, 4]])
def test_entropy_is_scipys(counts):
    values = np.repeat(np.arange(len(counts)), counts).tolist()
    assert recipe.entropy(values) == pytest.approx(stats.entropy(counts, base=2))


def line(part: str, seed: int, captured: float) -> dict[str, Any]:
    rest = {key: 0.5 for key, _ in tables.OVER_SEEDS}
    return {
        "experiment": "recipe",
        "part": part,
        "seed": seed,
        "surface": "s",
        **rest,
        "captured": captured,
    }


def test_ideas_are_compared_by_pairs_of_seeds():
    """The interval is that of scipy's paired t-test."""
    default, other = [0.50, 0.40, 0.46], [0.49, 0.41, 0.42]
    lines = [line("default", i, x) for i, x in enumerate(default)]
    lines += [line("idea", i, x) for i, x in enumerate(other)]

    ((title, head, rows),) = tables.tables(lines)

    interval = stats.ttest_rel(other, default).confidence_interval()
    half = (interval.high - interval.low) / 2
    assert title == "Ideas over seeds" and head[:3] == ["idea", "seeds", "s eager"]
    assert rows[0][:2] == ["default", "3"] and rows[0][2].startswith("0.4533 ± ")
    assert rows[1][2] == f"{np.mean(np.subtract(other, default)):+.4f} ± {half:.4f}"
    assert rows[1][3] == "+0.0000 ± 0.0000"


def test_a_smoke_run_has_each_seed_of_an_idea(tmp_path, capsys):
    only = ["--only", "recipe", "--parts", "as it is"]
    assert main(["--smoke", "--out", str(tmp_path), *only]) == 0
    page = Path(json.loads(capsys.readouterr().out.splitlines()[-1])["report"]).read_text()
    lines = report.read(tmp_path, ["recipe"])
    assert {x["seed"] for x in lines} == {0, 1}
    assert all(0 < x["coded_bits"] <= 64 + 3 and x["spent_bits"] >= 8 for x in lines)
    assert "Ideas over seeds" in page
