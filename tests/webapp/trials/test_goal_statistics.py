"""The interval of goals, against confseq's numbers and under daily looks; and the plan it needs."""

from __future__ import annotations

from math import sqrt
from statistics import mean, variance

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.evidence.goal_trials import Page, measured
from webapp.trials.goals.judging import LEAST_PEOPLE, LEAST_REACHED, Sums, judged
from webapp.trials.goals.planning import days_needed, people_needed
from webapp.trials.goals.sequence import ERROR, Group, errors, interval, reach, standard_error

TUNING = 8.781800428
"""-2 log α + log(-2 log α) + 1 at α = 0.05: planned people times ρ², in our formula."""


@pytest.mark.parametrize(
    ("rho", "people", "bound"),
    [
        # TwoSidedNormalMixture::bound of confseq 0.0.11 (src/confseq/uniform_boundaries.h), run.
        (100, 50, 30.976433757),
        (100, 1000, 96.064019289),
        (100, 20000, 476.471264662),
        (5000, 50, 174.089474506),
        (5000, 1000, 192.464845162),
        (5000, 20000, 435.915773388),
    ],
)
def test_it_reaches_as_far_as_confseqs_normal_mixture(rho, people, bound):
    assert reach(people, rho * TUNING) * sqrt(people) == pytest.approx(bound, rel=1e-5)


def test_it_is_narrowest_near_the_planned_people():
    widths = {n: reach(n, 1000) for n in (100, 500, 1000, 2000, 10000)}
    assert min(widths, key=lambda n: widths[n]) == 1000
    assert widths[1000] == pytest.approx(3.035, abs=0.001)  # by hand; 1.96 for a single look


@given(st.floats(1, 1e7), st.floats(1, 1e7), st.floats(0.001, 0.2))
def test_it_is_always_wider_than_an_interval_for_a_single_look(people, planned, error):
    # Ville's inequality needs more than √(2 log 1/α), which is above the normal quantile.
    assert reach(people, planned, error) > sqrt(2 * np.log(1 / error))


def test_the_primary_goal_has_the_whole_error_and_the_others_share_one():
    assert errors(0) == [] and errors(1) == [ERROR]
    assert errors(4) == [ERROR, *(pytest.approx(ERROR / 3) for _ in range(3))]


def test_means_and_errors_are_those_of_the_values():
    one, two = [0.0, 3.0, 1.0, 0.0], [2.0, 2.0, 5.0]
    control, adapted = (Sums.of(values).group for values in (one, two))

    assert (control.mean, control.variance) == (mean(one), pytest.approx(variance(one)))
    own = variance(one) / 4 + variance(two) / 3
    pooled = (3 * variance(one) + 2 * variance(two)) / 5 * (1 / 4 + 1 / 3)
    assert standard_error(control, adapted) == pytest.approx(sqrt(max(own, pooled)))


def test_a_small_group_without_any_event_claims_nothing_by_that():
    control, adapted = Group(100, 0.0, 0.0), Group(1900, 0.02, 0.0196)
    low, high = interval(control, adapted, planned=2000)
    assert low < 0 < high


GOAL = {"is_declared": True, "better": 1, "planned_people": 1000, "error": ERROR}


def sums(people: int, reached: int) -> Sums:
    return Sums(people, reached, float(reached), float(reached))


@pytest.mark.parametrize(
    ("control", "adapted", "changes", "verdict"),
    [
        (sums(500, 50), sums(500, 150), {}, "better"),
        (sums(500, 50), sums(500, 150), {"better": -1}, "worse"),
        (sums(500, 50), sums(500, 55), {}, "open"),
        (sums(LEAST_PEOPLE - 1, 1), sums(500, 450), {}, "too_few"),
        (sums(500, 0), sums(500, LEAST_REACHED - 1), {}, "too_few"),
        (sums(500, 50), sums(500, 150), {"is_declared": False}, "not_declared"),
        (sums(1, 0), sums(500, 150), {}, "too_few"),
    ],
)
def test_verdicts(control, adapted, changes, verdict):
    found = judged(control, adapted, {**GOAL, **changes})
    assert found["verdict"] == verdict
    assert bool(found["any_time_interval"]) == (verdict in ("better", "worse", "open"))


def test_people_needed_are_those_of_the_textbook_with_a_wider_reach():
    # Two equal groups: n = 4 σ² (z + z')² / δ², the spread hardly changed by a tiny effect.
    wanted = 4 * 1.0 * (3.0352 + 0.8416) ** 2 / 0.001**2
    assert people_needed(1.0, 1.0, 0.001, 0.5) == pytest.approx(wanted, rel=0.002)
    with pytest.raises(ValueError, match="variance 0"):
        people_needed(1.0, 0.0, 0.1, 0.5)


def test_days_follow_how_people_came():
    assert days_needed(25, [10, 20, 30, 40]) == 3
    assert days_needed(100, [10, 20, 30, 40]) == 4 + 6
    assert days_needed(100, [40, 40, 40, 40]) is None
    assert days_needed(100, [40, 80, 90, 95]) == 4 + 1  # its later half brought 7.5 a day


def test_simulated_trials_claim_seldom_and_find_what_was_planned():
    """A small part of `python -m tests.evidence.goal_trials`."""
    found = measured(Page("sums", 120, 0.3, 0.4, 0.8, 150.0), effect=0.4, trials=30, seed=1)

    assert found["claimed_without_effect"] <= 0.05
    assert found["claimed_by_two_more_goals"] <= 0.05
    assert found["claimed_by_single_looks"] >= 0.15  # what daily looks do to a usual interval
    assert found["found_in_planned_days"] >= 0.8
