"""The audit's statistics against brute force and known distributions."""

import tracemalloc

import numpy as np
import pytest
from scipy import stats

from ml.evaluation.statistics import (
    ERROR,
    bootstrap_effects,
    interval,
    look_error,
    overall_verdict,
    slice_verdict,
)


def people(rng, users, effect=0.0):
    """Numerators, denominators and cells of one metric; the slice holds 30 % of people."""
    cells = (rng.random(users) < 0.3).astype(np.int64)
    below = np.ceil(rng.lognormal(1.0, 0.7, users))
    share = rng.normal(-0.05, 0.1, users) + effect * cells
    return (share * below)[:, None], below[:, None], cells


def test_an_effect_is_the_ratio_in_the_slice_minus_the_ratio_in_the_rest():
    above, below = np.array([[1.0], [2.0], [9.0]]), np.array([[10.0], [10.0], [10.0]])

    effects = bootstrap_effects(above, below, np.array([0, 0, 1]), draws=10, seed=0)

    assert effects.estimate[:, 0] == pytest.approx([3 / 20 - 9 / 10, 9 / 10 - 3 / 20])


def test_the_error_equals_a_stratified_bootstrap_by_brute_force():
    rng = np.random.default_rng(1)
    above, below, cells = people(rng, 300)
    inside, outside = np.flatnonzero(cells == 1), np.flatnonzero(cells == 0)

    drawn = []
    for _ in range(4000):
        one, other = rng.choice(inside, len(inside)), rng.choice(outside, len(outside))
        drawn.append(above[one].sum() / below[one].sum() - above[other].sum() / below[other].sum())

    effects = bootstrap_effects(above, below, cells, draws=4000, seed=2)
    assert effects.error[1, 0] == pytest.approx(np.std(drawn), rel=0.05)


def test_the_error_equals_the_linearised_one_of_survey_statistics():
    above, below, cells = people(np.random.default_rng(3), 4000)

    variance = 0.0
    for cell in (0, 1):
        a, b = above[cells == cell, 0], below[cells == cell, 0]
        residuals = (a - a.sum() / b.sum() * b) / b.sum()
        variance += (residuals**2).sum()

    effects = bootstrap_effects(above, below, cells, draws=3000, seed=4)
    assert effects.error[0, 0] == pytest.approx(np.sqrt(variance), rel=0.05)


def test_intervals_hold_the_truth_as_often_as_they_say():
    rng = np.random.default_rng(5)
    held = 0
    for seed in range(200):
        above, below, cells = people(rng, 400, effect=0.03)
        e = bootstrap_effects(above, below, cells, draws=200, seed=seed)
        low, high = interval(e.estimate[1, 0], e.error[1, 0], e.freedom[1, 0], 0.05)
        held += low <= 0.03 <= high

    assert stats.binomtest(held, 200, 0.95).pvalue > 0.001


def test_resampling_visits_instead_of_people_would_be_far_too_sure():
    rng = np.random.default_rng(6)
    share = np.repeat(rng.normal(0.0, 0.1, 200), 20)  # 20 equal visits of each of 200 people
    cells = np.repeat(np.arange(200) % 2, 20)
    ones = np.ones((4000, 1))

    visits = bootstrap_effects(share[:, None], ones, cells, draws=500, seed=7)
    by_person = share.reshape(200, 20).sum(axis=1)[:, None]
    persons = bootstrap_effects(by_person, ones[:200] * 20, cells[::20], draws=500, seed=7)

    assert persons.error[0, 0] / visits.error[0, 0] == pytest.approx(np.sqrt(20), rel=0.15)


def test_a_few_heavy_users_count_as_few():
    below = np.array([[1.0]] * 200 + [[1000.0]] * 3)
    cells = np.array([0] * 100 + [1] * 103)

    freedom = bootstrap_effects(below * 0.1, below, cells, draws=10, seed=0).freedom

    assert freedom[1, 0] == pytest.approx(2, abs=0.3)


def test_a_slice_of_everybody_has_no_effect_to_speak_of():
    above, below, cells = people(np.random.default_rng(8), 50)

    effects = bootstrap_effects(above, below, np.zeros_like(cells), draws=20, seed=0)

    assert np.isnan(effects.estimate[0, 0])
    assert (
        interval(*(e[0, 0] for e in (effects.estimate, effects.error, effects.freedom)), 0.05)
        is None
    )


def test_same_seed_same_error():
    given = people(np.random.default_rng(9), 300)

    one, other = (bootstrap_effects(*given, draws=300, seed=1).error for _ in range(2))

    assert (one == other).all()


def test_the_looks_share_the_error_without_end():
    spent = [look_error(look) for look in range(1, 100_001)]

    assert sum(spent[:12]) == pytest.approx(ERROR / 2)
    assert sum(spent) < ERROR
    assert sum(spent) == pytest.approx(ERROR, rel=1e-3)
    with pytest.raises(ValueError, match="counted from 1"):
        look_error(0)


@pytest.mark.parametrize(
    ("own", "shared", "users", "rest", "verdict"),
    [
        ((-0.01, 0.01), (-0.03, 0.03), 500, 500, "within"),
        ((-0.01, 0.01), (-0.03, 0.03), 99, 500, "inconclusive"),
        ((0.03, 0.05), (0.025, 0.055), 500, 500, "exceeds"),
        ((-0.05, -0.03), (-0.055, -0.025), 500, 500, "exceeds"),
        ((0.03, 0.05), (0.01, 0.07), 500, 500, "inconclusive"),
        ((0.03, 0.05), (0.025, 0.055), 99, 500, "inconclusive"),
        ((0.03, 0.05), (0.025, 0.055), 500, 99, "inconclusive"),
        ((0.0, 0.03), (-0.01, 0.04), 500, 500, "inconclusive"),
        (None, None, 500, 0, "inconclusive"),
        ((0.0, 0.0), (0.0, 0.0), 500, 500, "within"),
    ],
)
def test_verdicts(own, shared, users, rest, verdict):
    assert slice_verdict(own, shared, 0.02, users, rest) == verdict


@pytest.mark.parametrize(
    ("rows", "verdict"),
    [
        ([("within", 500), ("within", 100)], "within"),
        ([("within", 500), ("inconclusive", 99)], "within"),
        ([("within", 500), ("inconclusive", 100)], "inconclusive"),
        ([("inconclusive", 500), ("exceeds", 100)], "exceeds"),
        ([("inconclusive", 99)], "inconclusive"),
        ([], "inconclusive"),
    ],
)
def test_overall_verdicts(rows, verdict):
    assert overall_verdict(rows) == verdict


def test_the_two_sides_err_by_themselves_and_add_up_to_the_effect():
    above, below, cells = people(np.random.default_rng(11), 400)

    effects = bootstrap_effects(above, below, cells, draws=3000, seed=12)

    assert effects.inside.ratio - effects.outside.ratio == pytest.approx(effects.estimate)
    both = np.hypot(effects.inside.error, effects.outside.error)  # people of one side only
    assert both == pytest.approx(effects.error, rel=0.05)


def test_memory_does_not_grow_with_the_number_of_slices():
    rng = np.random.default_rng(13)
    above, below, _ = people(rng, 4000)
    cells = np.arange(4000) % 400
    tracemalloc.start()

    effects = bootstrap_effects(above, below, cells, draws=300, seed=14, slices=402)

    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 20e6
    a, b = above[cells == 7], below[cells == 7]
    picked = rng.integers(10, size=(4000, 10))
    brute = (a[picked, 0].sum(axis=1) / b[picked, 0].sum(axis=1)).std()
    assert effects.inside.error[7, 0] == pytest.approx(brute, rel=0.15)
    assert np.isnan(effects.estimate[400:]).all(), "slices without people"
