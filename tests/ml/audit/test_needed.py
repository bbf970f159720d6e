"""How many people would tell: held against chains of `ml.audit.power` and the report's page."""

from __future__ import annotations

import numpy as np
import pytest

from ml.audit import cohort
from ml.audit.audit import audit
from ml.audit.needed import people_needed, slices_lacking
from ml.audit.pools import simulated_pool
from ml.audit.rows import judged
from ml.evaluation.metrics import GATED
from ml.evaluation.statistics import bootstrap_effects, look_error

POOL = simulated_pool(0)
LOOKS = 60


def look(users: int, seed: int) -> dict:
    """Judges the seconds of a slice of 20 % of so many people, whom no version treats otherwise."""
    rng = np.random.default_rng(seed)
    person = rng.integers(len(POOL.first), size=users)
    sums = POOL.sums[POOL.first[person] + rng.integers(POOL.count[person])]
    cells = (np.arange(users) < users // 5).astype(np.int64)
    effects = bootstrap_effects(sums[:, [0]], sums[:, [3]], cells, 200, seed)
    row = {
        "estimate": effects.estimate[1, 0],
        "standard_error": effects.error[1, 0],
        "freedom": effects.freedom[1, 0],
        "tolerance": GATED[0].tolerance,
        "unit": GATED[0].unit,
        "users": users // 5,
        "rest_users": users - users // 5,
    }
    return judged([row], look_error(1))[0]


def test_with_so_many_people_most_audits_tell():
    """Without a difference: the number asked for by a typical small look is enough for 4 of 5."""
    small = [look(600, seed) for seed in range(LOOKS)]
    error = float(np.median([row["standard_error"] for row in small]))
    needed = people_needed({**small[0], "estimate": 0.0, "standard_error": error}, 0.01)
    assert needed is not None

    def share(users: int) -> float:
        looks = [look(users, 1000 + seed) for seed in range(LOOKS)]
        return float(np.mean([row["verdict"] == "within" for row in looks]))

    assert share(600) < 0.5
    assert share(5 * needed) >= 0.7
    assert needed == pytest.approx(120 * (error * (1.96 + 1.2816) / 0.02) ** 2, abs=1)


def test_what_a_hopeless_row_needs_is_not_said():
    row = {**look(600, 1), "estimate": 0.02, "standard_error": 0.01}
    assert people_needed(row, 0.01) is None


def test_a_clear_excess_asks_for_the_least_only():
    """95 people whose difference is ten times the tolerance: five more, and it is told."""
    row = {**look(600, 1), "users": 95, "estimate": 0.2, "standard_error": 0.01}
    (found,) = judged([row], look_error(1))
    assert (found["verdict"], found["people_needed"]) == ("inconclusive", 100)
    assert found["verdict_at_least"] == "exceeds"


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """600 people: one club has 95, another 7, and 498 have none of both."""
    folder = tmp_path_factory.mktemp("needed")
    visits, people = cohort.simulate(folder / "replay.jsonl", users=600, visits=3)
    people["club"] = [*["chess"] * 95, *["golf"] * 7, *["other"] * 498]
    report = audit(folder / "replay.jsonl", visits, people, ["club"], out=folder)
    return report, (folder / "report.html").read_text()


def test_a_slice_of_95_is_told_what_five_more_change(page):
    told = page[1].split("What to do first")[1].split("</section>")[0]

    assert (
        "club chess</b> on page: 95 people now; with 5 more it reaches 100 and is judged." in told
    )
    assert "club golf</b> on page: 7 people now; with 93 more it reaches 100 and is judged." in told
    assert told.index("club chess") < told.index("club golf")


def test_of_a_slice_without_figures_nothing_is_betrayed(page):
    golf = [r for r in page[0]["slices"] if r["slice"] == {"club": "golf"} and r["tolerance"]]
    assert {r["people_needed"] for r in golf} == {100}
    assert {r.get("verdict_at_least") for r in golf} == {None}


def test_each_slice_is_asked_for_once_by_what_needs_most(page):
    lacking = slices_lacking(page[0]["slices"])
    names = [row["slice"]["club"] for row in lacking]
    assert len(names) == len(set(names))
    for row in lacking:
        same = [r for r in page[0]["slices"] if r["slice"] == row["slice"] and r["tolerance"]]
        asked = [r["people_needed"] for r in same if r["verdict"] == "inconclusive"]
        assert row["people_needed"] == (None if None in asked else max(asked))


def test_verdict_and_steps_come_before_the_intervals(page):
    html = page[1]
    order = ["<h1>", "What to do first", "By name", "What was measured", "Surface page"]
    places = [html.index(text) for text in order]
    assert places == sorted(places)
