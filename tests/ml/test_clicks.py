"""Planted coefficients are recovered, and the command says what it lacks."""

import json

import numpy as np
import pytest

from ml import clicks
from ml.data.click_episodes import read_episodes
from ml.evaluation.quantile_regression import quantile_fit
from tests.ml.data.test_click_episodes import episode, written


@pytest.fixture
def simulated(tmp_path):
    random = np.random.default_rng(0)
    made = [episode(f"s{i // 3}", f"t{i % 2}", random) for i in range(600)]
    return written(tmp_path / "clicks.jsonl", made)


def test_planted_coefficients_come_back(simulated):
    table = read_episodes(simulated)
    moves = table[table["kind"] == "move"]

    fit = quantile_fit(moves, ["bits", "read"], by_task=False)

    assert fit.constants[""] == pytest.approx(0.6, abs=0.03)
    assert fit.slopes["bits"] == pytest.approx(0.2, abs=0.02)
    assert fit.slopes["read"] == pytest.approx(0.05, abs=0.01)
    first = quantile_fit(table[table["kind"] == "first"], ["read"], by_task=True)
    assert first.slopes["read"] == pytest.approx(0.05, abs=0.001)


def test_the_command_ends_with_a_line(simulated, capsys):
    assert clicks.main(["--data", str(simulated), "--draws", "8"]) == 0

    moves = json.loads(capsys.readouterr().out.splitlines()[-1])["moves"]
    low, high = moves["intervals"]["bits"]
    assert low <= moves["coefficients"]["bits"] <= high
    assert moves["held_out"]["refit"]["median_error"] < moves["held_out"]["quoted"]["median_error"]
    assert moves["held_out_rows"] > 0


def test_a_file_without_clicks_is_refused(tmp_path, capsys):
    empty = written(tmp_path / "none.jsonl", [])

    assert clicks.main(["--data", str(empty)]) == 2
    assert "no usable clicks" in capsys.readouterr().err


def test_a_file_without_usable_clicks_is_told_what_one_is(tmp_path, capsys):
    (tmp_path / "empty.jsonl").write_text("")

    assert clicks.main(["--data", str(tmp_path / "empty.jsonl")]) == 2
    assert "An episode is usable if success is true" in capsys.readouterr().err


@pytest.mark.parametrize("is_held", [False, True])
def test_sessions_that_are_all_held_out_or_all_learned_from_are_too_few(tmp_path, capsys, is_held):
    names = [name for name in map(str, range(40)) if clicks.is_held_out(name) == is_held]
    made = [episode(name, "t", np.random.default_rng(0)) for name in names[:3]]

    assert clicks.main(["--data", str(written(tmp_path / "few.jsonl", made))]) == 2
    assert "too few sessions: one in 5 is held out" in capsys.readouterr().err
