"""Figures of a rehearsal against sums made by hand, and its intervals against the normal law."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest

from ml.data.histories import page, visits_of
from ml.data.tables import check_visits
from ml.evaluation.shown import Shown
from ml.rehearsal.figures import FIGURES, differences, estimates, slices
from ml.rehearsal.verdict import MIN_PEOPLE, verdict
from ml.rehearsal.walk import FIRST, SUMMED, person_sums, walked
from uiengine.request import Request


def visits(*rows: tuple[str, str, str]) -> pd.DataFrame:
    """Rows of (user, at, block) on a page."""
    frame = pd.DataFrame([("home", u, at, b, 1) for u, at, b in rows],
                         columns=["surface", "user", "at", "block", "uses"])  # fmt: skip
    return check_visits(frame, "made")[0]


def last_first(requests: Sequence[Request]) -> list[Shown]:
    """Shows d, b, c, a from the second visit on, and the default before."""
    return [Shown(tuple("dbca") if r.profile.visits else tuple("abcd")) for r in requests]


def test_ranks_gain_and_moves_are_as_counted_by_hand():
    found = visits(*(("u", f"2026-05-{day:02d}", "d") for day in range(1, 6)))

    values = walked(
        visits_of(found), page("home", "abcd"), last_first, frozenset("u"), lambda share, at: None
    )
    people = person_sums(values)
    told = estimates(people, FIGURES, seed=0)

    # Block d stands last (rank 3) at first and first at the four visits after.
    assert list(values["rank_today"]) == [3.0] * 5
    assert list(values["rank_shown"]) == [3.0, 0.0, 0.0, 0.0, 0.0]
    assert told["captured"]["estimate"] == pytest.approx(4 / 5)
    assert told["captured_first"]["estimate"] == pytest.approx(2 / 3)
    assert told["moved"]["estimate"] == pytest.approx(2 / 5)  # a and d, once
    assert told["saved"]["interval"] is None  # of one person there is none


def made_people(policy: np.ndarray) -> pd.DataFrame:
    """People with ten visits and ten seconds each on today's page."""
    names = [name for column in SUMMED for name in (column, column + FIRST)]
    table = pd.DataFrame(10.0, index=[f"p{i}" for i in range(len(policy))], columns=names)
    return table.assign(policy_seconds=policy)


def test_the_interval_is_the_normal_laws_for_many_people():
    rng = np.random.default_rng(1)
    policy = rng.normal(9.5, 1.0, 400)

    found = estimates(made_people(policy), FIGURES[:1], seed=0)["saved"]

    mean, error = (10 - policy.mean()) / 10, policy.std(ddof=1) / 10 / 400**0.5
    assert found["estimate"] == pytest.approx(mean)
    assert found["interval"] == pytest.approx((mean - 1.96 * error, mean + 1.96 * error), abs=6e-4)


def test_the_interval_holds_the_truth_also_where_few_people_use_much():
    rng = np.random.default_rng(3)
    held = 0
    for seed in range(150):
        today = rng.lognormal(3, 0.9, 40)
        share = 0.01 + 0.08 * rng.standard_t(4, 40)
        people = made_people(today * (1 - share)).assign(default_seconds=today)
        low, high = estimates(people, FIGURES[:1], seed)["saved"]["interval"]
        held += low <= 0.01 <= high

    # Three standard deviations of a binomial of 150 x 0.95 below its mean: 8.
    assert held >= 150 * 0.95 - 8


def test_policies_are_compared_on_the_same_people():
    rng = np.random.default_rng(2)
    policy = rng.normal(8, 3, 50)
    mine, other = made_people(policy), made_people(policy + 0.5)

    found = differences(mine, {"other": other}, seed=0)["other"]

    # Each person differs by half a second of ten: their spread plays no part.
    assert found["estimate"] == pytest.approx(0.05)
    assert found["interval"] == pytest.approx((0.05, 0.05))


def test_slices_of_few_people_have_no_figures():
    people = made_people(np.linspace(9, 10, 30))
    attributes = {f"p{i}": {"plan": "free" if i < 21 else "paid"} for i in range(29)}

    found = {row["slice"]["plan"]: row for row in slices(people, attributes, ["plan"], seed=0)}

    assert {name: row["people"] for name, row in found.items()} == {
        "free": 21,
        "paid": 8,
        "unknown": 1,
    }
    assert [bool(found[name]["figures"]) for name in ("free", "paid", "unknown")] == [
        True,
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("low", "high", "people", "expected"),
    [
        (0.011, 0.05, 100, "worth"),
        (-0.05, 0.009, 100, "not_worth"),
        (0.0, 0.05, 100, "too_few"),
        (0.011, 0.05, MIN_PEOPLE - 1, "too_few"),
        (-0.05, 0.009, MIN_PEOPLE - 1, "too_few"),
    ],
)
def test_the_verdict_needs_the_whole_interval_on_one_side(low, high, people, expected):
    saved = {"estimate": (low + high) / 2, "interval": (low, high)}

    assert verdict(saved, people, least=0.01)["verdict"] == expected


def test_the_people_needed_are_those_with_whom_the_interval_would_tell():
    # 0.5 ± 0.5 with a least of 0.25: half the width is needed, so four times the people.
    found = verdict({"estimate": 0.5, "interval": (0.0, 1.0)}, 100, least=0.25)
    assert (found["verdict"], found["needed"]) == ("too_few", 400)
    none = verdict({"estimate": 0.01, "interval": (-0.01, 0.03)}, 100, least=0.01)
    assert (none["verdict"], none["needed"]) == ("too_few", None)
    assert verdict({"estimate": 0.5, "interval": None}, 1)["needed"] == MIN_PEOPLE
