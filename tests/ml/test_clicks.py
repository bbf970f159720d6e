"""Planted coefficients are recovered; medians and errors equal values computed by hand."""

import json

import numpy as np
import pandas as pd
import pytest

from ml import clicks
from ml.clicks import Fit, errors, predict, quantile_fit, read_episodes


def episode(session, task, random, *, base=0.6, bits=0.2, read=0.05):
    """Simulates three clicks in a column of eight buttons."""
    layout = [{"id": i, "tag": "BUTTON", "x": 10, "y": 20 * i, "w": 40, "h": 10} for i in range(8)]
    order = random.permutation(8)[:3].tolist()
    made, at = [], 1000 * (2 + read * (order[0] + 1))
    for previous, target in zip([None, *order], order, strict=False):
        box = [layout[target][f] for f in "xywh"]
        if previous is not None:
            away = abs(target - previous) * 20
            noise = 0.02 * random.laplace()
            index = np.log2(away / 10 + 1)
            at += 1000 * (base + bits * index + read * abs(target - previous) + noise)
        made.append({"ms": at, "x": 30, "y": 20 * target + 5, "id": target, "box": box})
    return {"task": task, "session": session, "success": True, "layout": layout, "clicks": made}


def written(path, episodes):
    path.write_text("".join(json.dumps(e) + "\n" for e in episodes))
    return path


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


def test_a_fit_without_features_is_the_median():
    table = pd.DataFrame({"seconds": [1.0, 2.0, 4.0, 9.0, 30.0], "task": "t"})

    assert quantile_fit(table, [], by_task=False).constants[""] == pytest.approx(4, abs=1e-3)
    low = quantile_fit(table, [], by_task=False, quantile=0.3).constants[""]
    assert low == pytest.approx(2, abs=1e-2)


def test_errors_by_hand():
    table = pd.DataFrame({"seconds": [1.0, 2.0, 4.0], "task": "t", "bits": [0.0, 1.0, 2.0]})
    fit = Fit({"bits": 1.0}, {"": 1.0})

    assert list(predict(fit, table)) == [1, 2, 3]
    assert errors(fit, table) == {
        "median_error": 0.0,
        "explained": pytest.approx(1 - 1 / 3, abs=1e-4),
    }


def test_what_is_no_move_is_left_out(tmp_path):
    random = np.random.default_rng(1)
    failed = {**episode("s", "t", random), "success": False}
    nobody = {**episode("s", "t", random), "session": None}
    typed = episode("s", "t", random)
    for element in typed["layout"]:
        element["tag"] = "INPUT_text"

    table = read_episodes(written(tmp_path / "c.jsonl", [failed, nobody, typed]))

    assert list(table["kind"]) == ["first"]


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
