"""A planted preference is found; order of items, gaps and number formats have no effect."""

import json
import random

import numpy as np
import pytest

from ml import edits
from ml.data.edit_pairs import read_pairs
from ml.edits import Preference, accuracy, describe
from ml.layouts.features import arrangement, density, features, height, reflow, seconds
from tests.ml.data.test_edit_pairs import REAL, items, planted, write


def test_a_planted_preference_is_found(tmp_path, capsys):
    train = write(tmp_path / "a.jsonl", [planted(i) for i in range(40)])
    test = write(tmp_path / "b.jsonl", [planted(i) for i in range(100, 120)])

    assert edits.main(["--train", train, "--test", test]) == 0

    line = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert line["accuracy"] == 1.0
    assert line["pairs"] == 20
    assert set(line["baselines"]) == {"height", "density", "reflow", "energy"}


def test_too_few_edits_to_learn_from_are_refused_in_words(tmp_path, capsys):
    train = write(tmp_path / "few.jsonl", [planted(i) for i in range(2)])
    test = write(tmp_path / "b.jsonl", [planted(100)])

    assert edits.main(["--train", train, "--test", test]) == 2
    assert "few.jsonl: 2 edit(s) keep their set of blocks" in capsys.readouterr().err


def test_nothing_is_cross_validated_where_the_others_are_too_few(tmp_path, capsys):
    """Three repositories have an edit each; without one of them two are left to learn from."""
    train = write(tmp_path / "a.jsonl", [planted(i) for i in range(3)])
    test = write(tmp_path / "b.jsonl", [planted(100)])

    assert edits.main(["--train", train, "--test", test]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["trained_on"], found["cross_validated_over_repositories"]) == (3, None)


def test_swapping_the_two_turns_the_sign(tmp_path):
    pairs = read_pairs([write(tmp_path / "a.jsonl", [planted(i) for i in range(12)])])
    rows = [describe(pair) for pair in pairs]
    preference = Preference(rows)

    forth, back = preference.margins(rows), preference.margins([(b, a) for a, b in rows])

    assert forth == pytest.approx(-back)
    assert accuracy(np.zeros(4)) == 0.5


def test_how_a_layout_is_written_says_nothing():
    plain = items(((6, 6), 4), ((12,), 2), ((4, 4, 4), 3))
    gap = [{**i, "y": i["y"] * 1.0 + (5 if i["y"] else 1)} for i in plain]
    shuffled = random.Random(0).sample(gap, len(gap))

    assert features(arrangement(shuffled, 12)) == features(arrangement(plain, 12))


def test_measures_by_hand():
    layout = items(((6, 6), 4), ((6,), 2))

    assert height(arrangement(layout, 12)) == 6
    assert density(arrangement(layout, 12)) == pytest.approx(60 / 72)
    assert reflow([*layout, {"id": "z", "type": "t", "x": 6, "y": 7, "w": 6, "h": 1}]) == 3 / 4
    # One block of 1200 × 40 px: 0.26 + 0.37·log2(√800/40 + 1) s.
    assert seconds(arrangement(items(((12,), 1)), 12)) == pytest.approx(
        0.26 + 0.37 * 0.7716, abs=1e-3
    )


@pytest.mark.skipif(not REAL.exists(), reason="the real edits are not here")
def test_real_edits_keep_their_blocks_in_about_a_quarter():
    pairs = read_pairs([REAL / "edits_val.jsonl.gz"])

    assert len(pairs) > 50
    assert all(np.isfinite(list(describe(pair)[0].values())).all() for pair in pairs[:10])
