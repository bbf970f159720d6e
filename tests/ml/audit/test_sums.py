"""An audit's sums: exact in any order, and as good as the bootstrap that they stand for."""

from __future__ import annotations

import dataclasses
import tracemalloc
from fractions import Fraction
from functools import reduce

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from ml.audit.rows import sliced_rows
from ml.audit.strata import joined, strata_of
from ml.audit.sums import GRID, Sums, linear_effects, on_grid, sums_of
from ml.evaluation.metrics import GATED, METRICS, user_sums
from ml.evaluation.statistics import bootstrap_effects, interval
from tests.evidence import audit_sums

COLUMNS = ["extra_seconds", "explored", "moved", "default_seconds", "visits"]


def people(rng, users, effect=0.0, spread=0.7):
    """Numerators, denominators and cells of one metric; the slice holds 30 % of people."""
    cells = (rng.random(users) < 0.3).astype(np.int64)
    below = np.ceil(rng.lognormal(1.0, spread, users))
    share = rng.normal(-0.05, 0.1, users) + effect * cells
    return (share * below)[:, None], below[:, None], cells


def effects(above, below, cells, slices=2):
    return linear_effects(sums_of(above, below, below, cells, slices))


def visits_of(seed: int) -> pd.DataFrame:
    """Visits of 40 people on five days, with attributes that some share."""
    rng = np.random.default_rng(seed)
    rows = pd.DataFrame(
        {
            "surface": "page",
            "user": [f"u{i}" for i in rng.integers(40, size=150)],
            "day": rng.integers(5, size=150),
            **{name: on_grid(rng.lognormal(0.0, 2.0, 150)) for name in COLUMNS[:4]},
            "visits": 1.0,
        }
    )
    number = rows["user"].str[1:].astype(int)
    return rows.assign(gender=(number % 2).astype(str), age=(number % 7).astype(str))


def strata(visits: pd.DataFrame, order=None):
    """Adds days per person in the given order, then people into strata."""
    days = [user_sums(visits[visits["day"] == day], GATED) for day in (order or range(5))]
    sums = pd.concat(days).groupby(["surface", "user"], sort=False).sum().reset_index()
    number = sums["user"].str[1:].astype(int)
    whole = sums.assign(gender=(number % 2).astype(str), age=(number % 7).astype(str))
    return strata_of(whole, ["gender", "age"], GATED)


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 5),
    st.lists(st.integers(0, 3), min_size=40, max_size=40),
    st.permutations(range(4)),
    st.permutations(range(5)),
)
def test_any_split_into_shards_and_days_in_any_order_gives_the_same_bits(seed, shard, order, days):
    visits = visits_of(seed)
    whole = strata(visits)
    of = visits["user"].str[1:].astype(int).map(lambda user: shard[user])
    parts = [strata(visits[of == number], days) for number in order if (of == number).any()]

    found = joined(parts)

    assert found.keys == whole.keys
    for name in ("people", "high", "low"):
        assert (getattr(found.sums, name) == getattr(whole.sums, name)).all()
    assert linear_effects(found.sums).error.tobytes() == linear_effects(whole.sums).error.tobytes()


def test_the_sums_are_those_of_whole_numbers_by_hand():
    rng = np.random.default_rng(1)
    above = on_grid(rng.normal(0.0, 1e5, (50, 1)))
    below = on_grid(rng.lognormal(8.0, 3.0, (50, 1)))

    sums = sums_of(above, below, below, np.zeros(50, np.int64), 1)

    grid = [(int(a / GRID), int(b / GRID)) for a, b in zip(above[:, 0], below[:, 0], strict=True)]
    by_hand = {
        "above": sum(a for a, _ in grid) * Fraction(GRID),
        "product": sum(int(float(a) * float(b)) for a, b in grid) * Fraction(GRID) ** 2,
        "below_squared": sum(int(float(b) * float(b)) for _, b in grid) * Fraction(GRID) ** 2,
    }
    for name, whole in by_hand.items():
        assert sums.field(name)[0, 0] == pytest.approx(float(whole), rel=1e-15)


def test_the_error_is_that_of_survey_statistics_by_hand():
    above, below, cells = people(np.random.default_rng(3), 400)

    variance = 0.0
    for cell in (0, 1):
        a, b = above[cells == cell, 0], below[cells == cell, 0]
        rest = a - a.sum() / b.sum() * b
        variance += (rest**2).sum() * len(a) / (len(a) - 1) / b.sum() ** 2

    found = effects(above, below, cells)
    assert found.error[:, 0] == pytest.approx(np.sqrt(variance), rel=1e-6)
    assert found.estimate[1, 0] == pytest.approx(-found.estimate[0, 0])


@pytest.mark.parametrize("users", [400, 4000])
def test_effect_and_error_are_those_of_the_stratified_bootstrap(users):
    rng = np.random.default_rng(users)
    above, below, _ = people(rng, users)
    cells = rng.choice(4, users, p=[0.1, 0.2, 0.3, 0.4]).astype(np.int64)

    drawn = bootstrap_effects(above, below, cells, draws=4000, seed=1)

    found = effects(above, below, cells, 4)
    assert found.estimate == pytest.approx(drawn.estimate, abs=1e-6)
    assert found.error == pytest.approx(drawn.error, rel=0.05)
    assert found.freedom == pytest.approx(drawn.freedom, rel=1e-6)
    for side in ("inside", "outside"):
        mine, other = getattr(found, side), getattr(drawn, side)
        assert mine.error == pytest.approx(other.error, rel=0.05)


def test_intervals_hold_the_truth_as_often_as_they_say():
    rng = np.random.default_rng(5)
    held = 0
    for _ in range(1000):
        e = effects(*people(rng, 400, effect=0.03))
        low, high = interval(e.estimate[1, 0], e.error[1, 0], e.freedom[1, 0], 0.05)
        held += low <= 0.03 <= high

    assert stats.binomtest(held, 1000, 0.95).pvalue > 0.001


def test_days_taken_for_people_would_be_far_too_sure():
    rng = np.random.default_rng(6)
    share = on_grid(np.repeat(rng.normal(0.0, 0.1, 200), 20))  # 20 equal days of 200 people
    cells = np.repeat(np.arange(200) % 2, 20)
    ones = np.ones((4000, 1))

    by_day = effects(share[:, None], ones, cells)
    by_person = effects(share.reshape(200, 20).sum(1)[:, None], ones[:200] * 20, cells[::20])

    assert by_person.error[0, 0] / by_day.error[0, 0] == pytest.approx(np.sqrt(20), rel=0.01)


def test_slices_without_people_or_without_a_rest_have_no_effect():
    above, below, cells = people(np.random.default_rng(8), 50)

    found = effects(above, below, cells * 0, 2)

    assert np.isnan(found.estimate).all()
    assert found.inside.error[0, 0] > 0
    assert np.isnan(found.inside.ratio[1, 0])


def test_adding_nobody_changes_nothing():
    above, below, cells = people(np.random.default_rng(9), 30)
    sums = sums_of(above, below, below, cells, 2)
    nobody = sums_of(above[:0], below[:0], below[:0], cells[:0], 2)

    found = reduce(Sums.__add__, [nobody, sums, nobody])

    assert (found.low == sums.low).all() and (found.people == sums.people).all()


def test_sums_of_other_attributes_do_not_add_up():
    one = strata(visits_of(1))

    with pytest.raises(ValueError, match="same attributes"):
        joined([one, dataclasses.replace(one, by=("age", "gender"))])


def test_an_audit_from_sums_takes_the_memory_of_its_slices_and_not_of_its_people(tmp_path):
    """Sums of 40,000 simulated people, a row per person and day in Parquet, made block by block."""
    file = tmp_path / "people.parquet"
    audit_sums.simulate(40_000, file)
    found = audit_sums.sums_of_file(file)
    people = pd.concat(audit_sums.people_of(file))
    whole = strata_of(people, list(audit_sums.ATTRIBUTES), METRICS)
    tracemalloc.start()

    rows = sliced_rows(found, METRICS, 1)

    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 20e6
    assert found.keys == whole.keys and (found.sums.low == whole.sums.low).all()
    (women,) = (r for r in rows if r["slice"] == {"gender": "0"} and r["metric"] == "seconds")
    mine = people[people["gender"] == "0"]
    assert women["users"] == len(mine)
    value = mine["extra_seconds"].sum() / mine["default_seconds"].sum()
    assert women["value"] == pytest.approx(value)
