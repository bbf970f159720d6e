"""Demand is calibrated as scikit-learn does it, on people held out of training."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.calibration import calibration_curve
from sklearn.linear_model import LogisticRegression

from ml.data.histories import pages, visits_of
from ml.data.sums import mean_shares
from ml.learning.building import build_examples
from ml.learning.calibration import (
    Answers,
    Calibration,
    Line,
    before_after,
    calibration,
    measures,
    platt,
    probabilities,
    rows_aside,
    split,
)
from ml.training.start import load_fitted
from ml.training.train import train_draft
from ml.versions import draft
from ml.versions.onnx_export import DecoderGraph
from ml.versions.onnx_parity import random_inputs
from tests.ml.conftest import SMALL
from uiengine.model.version import DECODER_INPUTS, DECODER_OUTPUTS
from uiengine.model.version_folder import load_version

QUICK = replace(SMALL, warm_epochs=2, code_epochs=2, codes=8)


def planted(slope: float, intercept: float, count: int = 40_000) -> Answers:
    """Draws uses with probability sigmoid(slope · logit + intercept)."""
    generator = np.random.default_rng(0)
    logits = generator.normal(-1, 2, count)
    chance = 1 / (1 + np.exp(-(slope * logits + intercept)))
    used = (generator.random(count) < chance).astype(float)
    return Answers(logits, 2 * logits, used, np.arange(count) // 20)


def test_a_planted_miscalibration_is_found_and_undone():
    answers = planted(0.5, -0.7)
    found = calibration(answers)
    assert found.tokens.slope == pytest.approx(0.5, abs=0.02)
    assert found.tokens.intercept == pytest.approx(-0.7, abs=0.03)
    assert found.side.slope == pytest.approx(0.25, abs=0.01)  # its logits were twice as large
    for shown in before_after(planted(0.5, -0.7, 20_000), found).values():
        for name in ("log_loss", "brier", "calibration_error"):
            assert shown["after"][name] < shown["before"][name]
        assert shown["after"]["calibration_error"] < 0.01


def test_slope_and_intercept_are_those_of_scikit_learn():
    answers = planted(1.3, 0.4, 5_000)
    theirs = LogisticRegression(C=np.inf).fit(answers.tokens[:, None], answers.used)
    line = platt(answers.tokens, answers.used)
    assert line.slope == pytest.approx(theirs.coef_[0, 0], rel=1e-3)
    assert line.intercept == pytest.approx(theirs.intercept_[0], rel=1e-3)
    chance = theirs.predict_proba(answers.tokens[:, None])[:, 1]
    np.testing.assert_allclose(probabilities(answers.tokens, line), chance, atol=1e-3)


def test_the_calibration_error_is_that_of_scikit_learns_curve():
    answers = planted(0.6, 0.2, 3_000)
    chance = probabilities(answers.tokens, Line())
    seen, told = calibration_curve(answers.used, chance, n_bins=10)
    counts = np.histogram(chance, np.linspace(0, 1, 11))[0]
    expected = (np.abs(seen - told) * counts).sum() / counts.sum()
    assert measures(chance, answers.used)["calibration_error"] == pytest.approx(expected)


@pytest.mark.parametrize("used", [np.zeros(100), np.linspace(-2, 2, 100) < 0])
def test_what_cannot_be_calibrated_stays_as_trained(used):
    assert platt(np.linspace(-2, 2, 100), used.astype(float)) == Line()


def test_the_exported_decoder_says_calibrated_demand_and_the_same_order(version_folder):
    fitted = load_fitted(version_folder)
    inputs = random_inputs(fitted, 3, 7, np.random.default_rng(0))
    tensors = [torch.from_numpy(inputs[n]) for n in DECODER_INPUTS]
    lines = Calibration(Line(0.5, -0.25), Line(2.0, 1.0))
    with torch.no_grad():
        plain = dict(zip(DECODER_OUTPUTS, DecoderGraph(fitted.codec)(*tensors), strict=True))
        made = dict(zip(DECODER_OUTPUTS, DecoderGraph(fitted.codec, lines)(*tensors), strict=True))
    torch.testing.assert_close(made["demand"], 0.5 * plain["demand"] - 0.25)
    torch.testing.assert_close(made["side_demand"], 2 * plain["side_demand"] + 1)
    for name in ("share", "side_share", "outlook", "size"):
        assert torch.equal(made[name], plain[name])


def test_a_version_is_calibrated_on_people_kept_out_of_training(cohort, tmp_path):
    """Goes through the draft's file, as the product's steps do."""
    made = train_draft(cohort[0], settings=replace(QUICK, calibrate=0.3))
    draft.save(made, tmp_path / "draft.pt")
    card = draft.load(tmp_path / "draft.pt").export(tmp_path / "v")
    told = card["calibration"]
    aside = [u for u in cohort[0].user.unique() if bool(rows_aside([("sim", u)], 0.3)[0])]
    assert told["is_on"] and told["people"] == len(aside)
    assert card["training"]["slices"]["sim"]["subjects"] == cohort[0].user.nunique() - len(aside)
    assert card["parity"]["decoder"] <= 1e-4
    assert made.fitted.calibration.side == Line(**told["side"]) != Line()
    assert load_version(tmp_path / "v").id == card["id"]


def test_where_too_few_are_aside_all_are_trained_on(cohort):
    rows, surfaces = visits_of(cohort[0]), pages([cohort[0]])
    made = build_examples(rows, surfaces, {}, mean_shares(rows))
    assert split(made, 0.1) == (made, None)  # about 15 of 150 people
    learned, aside = split(made, 0.4)
    assert aside is not None and len(learned) + len(aside) == len(made)
    assert not {*learned.users} & {*aside.users}
