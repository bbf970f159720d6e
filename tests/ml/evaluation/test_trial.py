"""Trials: figures computed by hand, caps, and a stopping rule that is valid under peeking."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ml.evaluation.statistics import ERROR
from ml.evaluation.trial import (
    FIGURES,
    MOST_VISITS,
    TrialVisit,
    _differences,
    compare,
    look_error,
    stop_rule,
)
from uiengine.cost import energy
from uiengine.page import surface_json
from uiengine.page.layout import pack
from uiengine.page.reading_order import default_order

COURSE = surface_json.parse(json.loads(Path("fixtures/surfaces/course_home.json").read_text()))
START = datetime(2030, 1, 1, tzinfo=UTC)
DEFAULT = default_order(COURSE)


def visit(user: str, hour: float = 0.0, **changes) -> TrialVisit:
    fields = {
        "user": user,
        "is_control": user.startswith("c"),
        "at": START + timedelta(hours=hour),
        "order": DEFAULT,
        "uses": {"forum": 3, "quiz": 1},
        "undos": 0,
        "first_use": 2.0,
        "counts": True,
    }
    return TrialVisit(**{**fields, **changes})


def row(found, name):
    return next(r for r in found["figures"] if r["name"] == name)


def test_the_figures_are_ratios_of_sums_over_a_groups_visits():
    visits = [
        visit("c1", undos=1, first_use=1.0),
        visit("c1", 30, uses={"forum": 1}, first_use=1000.0),
        visit("c2", first_use=None),
        visit("a1", uses={"forum": 9, "quiz": 1, "glossary": 2, "gone": 5}),
        visit("a2", uses={}, first_use=None),
    ]

    found = compare(visits, COURSE, percent=50, look=1)

    assert found["people"] == {"control": 2, "adapted": 2}
    uses = row(found, "uses_per_visit")
    assert (uses["control"], uses["adapted"]) == (pytest.approx(5 / 3), 1.5)
    assert row(found, "undo_rate")["control"] == pytest.approx(1 / 3)
    first = row(found, "first_use")
    assert (first["control"], first["adapted"]) == (pytest.approx((1 + 300) / 2), 2.0)
    assert first["difference"] == pytest.approx(2.0 - 150.5)


def test_a_first_use_costs_what_the_energy_says():
    found = compare(
        [visit(user, uses={"forum": 1}) for user in ("c1", "c2", "a1", "a2")],
        COURSE,
        percent=50,
        look=1,
    )

    rank = DEFAULT.index("forum")
    at = COURSE.widest
    placed = pack(COURSE, DEFAULT).placements[at.name][rank]
    column, row_px = at.width / at.columns, COURSE.row_height
    box = (placed.x * column, placed.y * row_px, placed.w * column, placed.h * row_px)
    pointing = energy.pointing_seconds(*map(np.float64, box), float(at.viewport_height))
    wanted = 0.30 + 0.064 * (rank + 1) + pointing  # a novice searches; nothing is known yet
    assert row(found, "seconds_per_use")["control"] == pytest.approx(wanted)


def test_visits_before_the_trial_tell_what_was_known_and_do_not_count():
    early = [visit(user, -h, counts=False) for user in ("c1", "c2") for h in (30, 20, 10)]
    late = [visit(user) for user in ("c1", "c2", "a1", "a2")]

    found = compare([*early, *late], COURSE, percent=50, look=1)

    assert found["visits"] == {"control": 2, "adapted": 2}
    seconds = row(found, "seconds_per_use")
    assert seconds["control"] < seconds["adapted"]


def test_bots_are_left_out_and_counted():
    bot = [visit("a-bot", i / 100, uses={"forum": 1}) for i in range(MOST_VISITS + 1)]
    clicker = [visit("c-bot", uses={"forum": 1001})]
    people = [visit(user) for user in ("c1", "c2", "a1", "a2")]

    found = compare([*bot, *clicker, *people], COURSE, percent=50, look=1)

    assert found["excluded"] == 2
    assert found["people"] == {"control": 2, "adapted": 2}
    assert compare(bot[1:] + people, COURSE, percent=50, look=1)["excluded"] == 0


def test_groups_whose_sizes_do_not_fit_the_share_are_called_uneven():
    few = [visit(f"c{i}") for i in range(10)] + [visit(f"a{i}") for i in range(90)]

    assert not compare(few, COURSE, percent=10, look=1)["is_uneven"]
    assert compare(few, COURSE, percent=50, look=1)["is_uneven"]


def test_a_shorter_way_is_found_to_help_and_a_longer_one_to_harm():
    def trial(order):
        # Everybody uses the last block; adapted people have it on top, or further down.
        return [
            visit(f"{group}{i}", 24 * day, order=order if group == "a" else DEFAULT, uses=used)
            for group in "ca"
            for i in range(120)
            for day, used in enumerate([{DEFAULT[-1]: 1}, {DEFAULT[-1]: 1, DEFAULT[i % 5]: 1}])
        ]

    shorter = trial((DEFAULT[-1], *DEFAULT[:-1]))
    longer = [replace(v, is_control=not v.is_control) for v in shorter]

    assert compare(shorter, COURSE, percent=50, look=1)["verdict"] == "help"
    assert compare(longer, COURSE, percent=50, look=1)["verdict"] == "harm"


def figure(name: str, ends, **changes):
    known = next(f for f in FIGURES if f.name == name)
    fields = {"name": name, "better": known.better, "tolerance": known.tolerance}
    return {**fields, "any_time_interval": ends, **changes}


@pytest.mark.parametrize(
    ("rows", "verdict"),
    [
        ([figure("seconds_per_use", [-0.3, -0.1])], "help"),
        ([figure("seconds_per_use", [-0.3, 0.1])], "go_on"),
        ([figure("seconds_per_use", [0.1, 0.3])], "harm"),
        ([figure("first_use", [-0.3, -0.1])], "help"),
        ([figure("seconds_per_use", [-0.3, -0.1]), figure("undo_rate", [0.03, 0.05])], "harm"),
        ([figure("undo_rate", [0.001, 0.05])], "go_on"),
        ([figure("uses_per_visit", [0.2, 0.5])], "go_on"),
        ([figure("uses_per_visit", [-0.5, -0.2])], "harm"),
        ([figure("uses_per_visit", None)], "go_on"),
    ],
)
def test_the_stop_rule(rows, verdict):
    assert stop_rule(rows, {"control": 100, "adapted": 2000}) == verdict
    assert stop_rule(rows, {"control": 99, "adapted": 2000}) == "too_few"


def test_peeking_at_every_look_raises_false_alarms_of_single_looks_only():
    """30 trials without a difference, 12 looks each at growing data."""
    rng = np.random.default_rng(3)
    single, any_time = 0, 0
    for _ in range(30):
        cells = (rng.random(200) < 0.5).astype(np.int64)
        sums = np.zeros((200, 1))
        fired = np.zeros(2, dtype=bool)
        for look in range(1, 13):
            sums += rng.exponential(1.0, (200, 1))
            people = pd.DataFrame({f.numerator: sums[:, 0] for f in FIGURES})
            for f in FIGURES:
                people[f.denominator] = float(look)
            (first, *_) = _differences(people, cells, look, 0)
            fired |= [e[0] > 0 or e[1] < 0 for e in (first["interval"], first["any_time_interval"])]
        single += fired[0]
        any_time += fired[1]

    assert single / 30 > 2 * ERROR
    assert any_time / 30 <= ERROR


def test_all_looks_together_spend_no_more_than_the_error():
    assert sum(look_error(look) for look in range(1, 100_000)) <= ERROR
