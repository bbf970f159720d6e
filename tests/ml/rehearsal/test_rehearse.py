"""Rehearsals on planted habits: each person has blocks of their own, or all use the top one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ml.data.histories import page
from ml.data.tables import check_visits
from ml.evaluation.held_back import is_held_back
from ml.rehearsal.rehearse import NobodyHeldBackError, Rehearsed, rehearse

INNATE = Path("fixtures/innate")
BLOCKS = ["assignments", "calendar", "forum", "glossary", "news", "search", "video", "wiki"]
HELD = [name for name in (f"u{i}" for i in range(400)) if is_held_back("home", name)][:34]


def made(habit: dict[str, str], days: int = 9) -> pd.DataFrame:
    """Each person uses their habit every day."""
    rows = [
        ("home", user, f"2026-05-{day:02d}", block, 1)
        for day in range(1, days + 1)
        for user, block in habit.items()
    ]
    frame = pd.DataFrame(rows, columns=["surface", "user", "at", "block", "uses"])
    return check_visits(frame, "made")[0]


def run(visits: pd.DataFrame, **more: object) -> Rehearsed:
    return rehearse(visits, [], [], surface=page("home", BLOCKS), folder=INNATE, **more)  # type: ignore[arg-type]


def test_habits_low_on_the_page_are_worth_it_and_no_single_order_serves_them():
    rng = np.random.default_rng(0)
    habit = {user: BLOCKS[int(rng.integers(3, 8))] for user in HELD}

    found = run(made(habit)).figures

    assert (found["verdict"], found["people"]) == ("worth", len(HELD))
    assert found["policies"]["engine"]["captured"]["estimate"] > 0.3
    assert found["more_than"]["popularity"]["interval"][0] > 0


def test_popularity_knows_what_others_used_before_and_nothing_later():
    habit = made(dict.fromkeys(HELD, BLOCKS[-1]))

    early, late = (
        run(pd.concat([made_of_others(day), habit])).figures["policies"]["popularity"]
        for day in (1, 9)
    )

    # From the second day on it stands first; what others use on the last day comes too late.
    assert early["captured"]["estimate"] == pytest.approx(8 / 9)
    assert late["captured"]["estimate"] == late["moved"]["estimate"] == 0.0


def made_of_others(day: int) -> pd.DataFrame:
    """The last block, used on one day by people who are not held back."""
    users = [name for name in (f"t{i}" for i in range(40)) if not is_held_back("home", name)]
    rows = [("home", user, f"2026-05-{day:02d}", BLOCKS[-1], 1) for user in users]
    frame = pd.DataFrame(rows, columns=["surface", "user", "at", "block", "uses"])
    return check_visits(frame, "made")[0]


def test_a_page_that_serves_everybody_already_is_not_worth_it():
    found = run(made(dict.fromkeys(HELD, BLOCKS[0]))).figures

    assert found["verdict"] == "not_worth"
    assert found["policies"]["engine"]["saved"]["interval"][1] < 0.01


def test_three_people_are_drawn_and_the_least_helped_is_one_of_them():
    habit = {user: BLOCKS[0] if number % 2 else BLOCKS[-1] for number, user in enumerate(HELD)}

    drawn = run(made(habit)).weeks

    assert [week.place for week in drawn] == ["most", "middle", "least"]
    assert habit[drawn[0].user] == BLOCKS[-1] and habit[drawn[-1].user] == BLOCKS[0]
    assert drawn[0].saved > drawn[1].saved or drawn[1].saved > drawn[2].saved
    assert (len(drawn[0].visits), drawn[0].more) == (7, 0)
    first = drawn[0].visits[0]["used"][0]
    assert (first["today"], drawn[0].uses) == (8, {BLOCKS[-1]: 7})


def test_only_so_many_are_judged_and_always_the_same_ones():
    visits = made(dict.fromkeys(HELD, BLOCKS[3]), days=2)

    one, other = (run(visits, most_people=5) for _ in range(2))

    assert (one.figures["people"], one.figures["held_back"]) == (5, len(HELD))
    assert one.figures == other.figures


def test_a_past_of_people_who_may_train_versions_is_refused():
    name = next(n for n in (f"t{i}" for i in range(20)) if not is_held_back("home", n))

    with pytest.raises(NobodyHeldBackError, match="1 people, none of whom is held back"):
        run(made({name: BLOCKS[0]}, days=1))
