"""Days of visits, profiles and popularity begin at midnight of the surface's zone."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command

from tests.webapp.conftest import COURSE, Clock, Person
from uiengine.errors import SurfaceError
from webapp.codebooks.pipeline.stored_visits import stored_visits
from webapp.layouts.answer.context import decision_context, nobody_context
from webapp.lib.times import to_milliseconds
from webapp.serving.pages import serving
from webapp.subjects import mappers
from webapp.subjects.fold_worker import profile_fold
from webapp.subjects.models import Profile, Visit
from webapp.surfaces.models import PopularityDay, Surface
from webapp.surfaces.services import surface_save

pytestmark = pytest.mark.django_db
NEW_YORK = "America/New_York"


def days(*dates: str) -> list[int]:
    return [(date.fromisoformat(text) - date(1970, 1, 1)).days for text in dates]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def stored_days() -> list[int]:
    return list(Visit.objects.order_by("started_at").values_list("day", flat=True))


@pytest.fixture
def in_new_york(page) -> Surface:
    return surface_save({**COURSE, "zone": NEW_YORK})


def use(person: Person, clock: Clock, moment: str, block: str) -> None:
    """Uses a block at a moment; the worker folds it at once."""
    clock.now = at(moment)
    person.token_renew()
    person.send(person.layout(), person.event("use", block))
    for row in Profile.objects.all():
        profile_fold(profile_id=row.pk, now=clock.now)
    cache.clear()


def test_an_evening_in_new_york_is_of_its_own_day(in_new_york, owner, clock):
    """7 March is winter time (UTC-5), and 9 March summer time (UTC-4)."""
    for moment in ("2026-03-08T04:30:00", "2026-03-10T03:30:00", "2026-03-10T04:30:00"):
        use(owner, clock, moment, "forum")

    assert stored_days() == days("2026-03-07", "2026-03-09", "2026-03-10")
    counted = PopularityDay.objects.order_by("day").values_list("day", flat=True)
    assert list(counted) == days("2026-03-09", "2026-03-10"), "when they were closed"
    profile = mappers.to_state(Profile.objects.get()).profile
    assert [profile.first_day, profile.last_day] == days("2026-03-07", "2026-03-09")


@pytest.mark.parametrize(
    ("now", "day", "until"),
    [
        ("2026-03-08T04:59:59", "2026-03-07", "2026-03-08T05:00:00"),
        ("2026-03-08T05:00:00", "2026-03-08", "2026-03-09T04:00:00"),  # 23 hours
    ],
)
def test_a_decision_holds_until_midnight_of_the_zone(in_new_york, now, day, until):
    here = serving.page("course-home")

    for key in ("host:owner", ""):
        found = decision_context(key=key, page=here, now=at(now))
        assert (found.day, found.until) == (days(day)[0], to_milliseconds(at(until)))
    assert nobody_context(here, 0).until == 0


def test_a_zone_that_there_is_not_is_refused_by_name(page):
    with pytest.raises(SurfaceError, match="Did you mean America/New_York"):
        surface_save({**COURSE, "zone": "America/New York"})


def test_a_changed_zone_leaves_what_is_stored(page, owner, clock):
    use(owner, clock, "2026-03-03T02:00:00", "forum")
    surface_save({**COURSE, "zone": NEW_YORK})
    use(owner, clock, "2026-03-03T02:31:00", "quiz")

    assert stored_days() == days("2026-03-03", "2026-03-02")
    profile = mappers.to_state(Profile.objects.get()).profile
    assert (profile.visits, profile.last_day) == (1, days("2026-03-03")[0])


ROWS = """surface,user,at,block,uses
shop,ada,2026-03-08T04:30:00Z,cart,1
shop,ada,2026-03-08T05:30:00Z,cart,1
shop,ada,2026-07-02T03:59:59Z,cart,1
shop,ada,2026-07-02T00:00:00-04:00,cart,1
shop,bob,2026-07-02,help,1
"""
CUT = days("2026-03-07", "2026-03-08", "2026-07-02", "2026-07-01", "2026-07-02")
"""In order of time; the date alone is its own day in any zone."""


def imported(folder: Path, *options: str) -> None:
    path = folder / "visits.csv"
    path.write_text(ROWS)
    call_command("import_visits", str(path), *options, stdout=StringIO())


def test_an_import_is_cut_in_the_zone_that_is_named(tmp_path):
    imported(tmp_path, "--zone", NEW_YORK)

    assert stored_days() == CUT
    assert Surface.objects.get().zone == NEW_YORK, "a surface that is made takes it"
    counted = PopularityDay.objects.order_by("day").values_list("day", "visits")
    assert list(counted) == [(day, CUT.count(day)) for day in sorted(set(CUT))]
    learned = sorted((row[2], row[5]) for row in stored_visits(Surface.objects.get()))
    assert [day for _, day in learned] == CUT


def test_without_one_it_is_cut_in_the_surfaces_own(tmp_path):
    imported(tmp_path)
    in_utc = days("2026-03-08", "2026-03-08", "2026-07-02", "2026-07-02", "2026-07-02")
    assert stored_days() == in_utc

    Visit.objects.all().delete()
    Profile.objects.all().delete()
    surface_save({**Surface.objects.get().full_definition(), "zone": NEW_YORK})
    imported(tmp_path)

    assert stored_days() == CUT


def test_a_training_learns_the_days_that_were_stored(tmp_path):
    from ml.data.histories import visits_of
    from ml.data.rows import visits_frame

    imported(tmp_path, "--zone", NEW_YORK)

    visits = visits_of(visits_frame(stored_visits(Surface.objects.get())))
    assert [visit.day for visit in visits] == CUT


@pytest.mark.parametrize("command", ["import_visits", "import_events"])
def test_a_wrong_zone_is_refused_by_its_name(tmp_path, command):
    more = ["--format", "plain", "--map", "map.toml"] if command == "import_events" else []

    with pytest.raises(CommandError, match=r"Europe/Berln.*Did you mean Europe/Berlin"):
        call_command(command, str(tmp_path), *more, "--zone", "Europe/Berln")


MAP = """
[[rule]]
event = "click"
surface = "course-home"
block = "section"
"""


def events_imported(folder: Path, rows: list[tuple[str, str]], *options: str) -> dict[str, Any]:
    (folder / "map.toml").write_text(MAP)
    lines = [
        {"id": key, "at": when, "event": "click", "section": "forum", "user": "u"}
        for key, when in rows
    ]
    (folder / "events.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    out, paths = StringIO(), [str(folder / "events.jsonl")]
    form = ["--format", "plain", "--map", str(folder / "map.toml")]
    call_command("import_events", *paths, *form, *options, stdout=out)
    found: dict[str, Any] = json.loads(out.getvalue().splitlines()[-1])
    return found


def test_known_events_keep_their_days_and_new_ones_are_cut_in_the_zone(page, tmp_path):
    first, second = ("1", "2026-05-05T02:00:00Z"), ("2", "2026-05-07T02:00:00Z")
    events_imported(tmp_path, [first])
    events_imported(tmp_path, [first, second], "--zone", NEW_YORK)

    assert stored_days() == days("2026-05-05", "2026-05-06")
    surface_save({**COURSE, "zone": NEW_YORK})
    assert events_imported(tmp_path, [first, second, ("3", "2026-05-09T02:00:00Z")])["visits"] == 1
    assert stored_days() == days("2026-05-05", "2026-05-06", "2026-05-08")
    counted = PopularityDay.objects.order_by("day").values_list("day", "visits")
    assert list(counted) == [(d, 1) for d in days("2026-05-05", "2026-05-06", "2026-05-08")]
