"""Walks that keep no reasons show what the engine serves, however many are decided at once."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ml.data.histories import RecordedVisit
from ml.evaluation import replay as replaying
from ml.evaluation.engine_policy import explained, unexplained
from ml.evaluation.replay import replay
from uiengine.behaviour.popularity import Popularity
from uiengine.behaviour.profile import Profile, fold_visit
from uiengine.model.version_folder import load_version
from uiengine.page.reading_order import default_order
from uiengine.page.surface_json import parse
from uiengine.request import Request

FIXTURES = Path(__file__).parents[3] / "fixtures"
VERSION = load_version(FIXTURES / "innate", threads=1)
BANK = parse(json.loads((FIXTURES / "surfaces" / "bank.json").read_text()))
ASKED = {
    "as declared": {},
    "points and suggests": {"emphasis": "mark", "put_away": True},
    "changes sizes": {"sizes": True},
    "explores": {"exploration": 0.3},
}


def page(name: str):
    return replace(BANK, guardrails=replace(BANK.guardrails, **ASKED[name]))


def visits(people: int = 8, each: int = 12) -> list[RecordedVisit]:
    """Each at an instant of its own, some of one person on one day."""
    rng, ids, found = np.random.default_rng(5), list(BANK.index), []
    numbers = [0] * people
    for hour in range(0, 9 * people * each, 9):
        who = int(rng.integers(people))
        used = tuple(sorted(rng.choice(ids[who : who + 5], 2, replace=False)))
        at = f"2024-01-01T{hour}"
        day = 19_000 + hour // 24
        found.append(RecordedVisit("bank", str(who), at, hour, day, used, numbers[who]))
        numbers[who] += 1
    return found


def lines(surface, decide) -> list[dict]:
    given = ({"bank": surface}, {"bank": default_order(surface)}, decide)
    return [{**line, "decide_ms": 0} for line in replay(visits(), *given)]


@pytest.mark.parametrize("asked", ASKED)
def test_nothing_but_the_reasons_is_missing(asked):
    surface = page(asked)

    assert lines(surface, unexplained(VERSION)) == lines(surface, explained(VERSION))


def test_what_users_fixed_themselves_stays():
    known = Profile()
    for day in range(5):
        fold_visit(known, day, ["savings"], tuple(reversed(default_order(BANK))))
    known.feedback.frozen = True
    requests = [Request(BANK, person, Popularity(), day=6) for person in (known, Profile())]

    shown = unexplained(VERSION)(requests)

    assert [one.status for one in shown] == ["frozen", "adapted"]
    assert shown == [replace(one, reasons=()) for one in explained(VERSION)(requests)]


def test_lines_do_not_depend_on_how_many_visits_are_decided_together(monkeypatch):
    found = []
    for most in (1, 3, 64):
        monkeypatch.setattr(replaying, "MOST_TOGETHER", most)
        found.append(lines(BANK, unexplained(VERSION)))

    assert found[0] == found[1] == found[2]
    assert len({tuple(b["id"] for b in line["layout"]) for line in found[0]}) > 5
