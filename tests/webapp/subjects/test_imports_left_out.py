"""Imports leave out what a person struck out, and people without profiling."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.webapp.subjects.test_import_events import START, blocks, row, run
from uiengine.behaviour import feedback
from webapp.privacy.corrections import About, Act, Correction, profile_correct
from webapp.subjects import mappers, visit_state
from webapp.subjects.imports.visits import visits_import
from webapp.subjects.models import Profile


def test_what_a_person_struck_out_is_not_imported_again(page, tmp_path):
    one, two, three = blocks(page)[:3]
    rows = [
        row("1", 0, one, "u", None),
        row("2", 1, two, "u", None),
        row("3", 1500, one, "u", None),
    ]
    run(tmp_path, rows)
    now = datetime.fromtimestamp(START / 1000 + 3 * 86_400, UTC)
    strike = Correction(Act.STRIKE, About.USE, one)
    correcting = {"key": "file:u", "user_id": None, "surface": page, "now": now}

    profile_correct(correction=strike, **correcting)
    assert run(tmp_path, rows)["visits"] == 0
    run(tmp_path, [row("4", 3000, three, "u", None), row("5", 3001, one, "u", None)])

    kept = mappers.to_state(Profile.objects.get()).profile
    assert kept.blocks.keys() == {two, three} and kept.visits == 2
    profile_correct(correction=Correction(Act.FORGET_WEEK), **correcting)
    assert run(tmp_path, rows)["visits"] == 0
    assert mappers.to_state(Profile.objects.get()).profile.visits == 0


def test_visits_of_a_file_leave_out_what_a_person_struck_out(page):
    one, two = blocks(page)[:2]
    at, day = START / 1000, START // 86_400_000
    rows = [
        (page.slug, "file:u", at + n * 86_400, day + n, block, 1)
        for n, block in enumerate((one, two))
    ]
    visits_import(rows=rows)
    now = datetime.fromtimestamp(at + 3 * 86_400, UTC)
    strike = Correction(Act.STRIKE, About.USE, one)
    profile_correct(key="file:u", user_id=None, surface=page, correction=strike, now=now)

    visits_import(rows=rows)
    visits_import(rows=[(page.slug, "file:u", at + 5 * 86_400, day + 5, b, 1) for b in (one, two)])

    kept = mappers.to_state(Profile.objects.get()).profile
    assert kept.blocks.keys() == {two} and kept.visits == 2


def test_nothing_is_imported_for_who_chose_the_order_without_profiling(page, tmp_path):
    one, two = blocks(page)[:2]
    rows = [row("1", 0, one, "u", None), row("2", 1500, two, "u", None)]
    run(tmp_path, rows[:1])
    profile = Profile.objects.get()
    known = mappers.to_state(profile)
    feedback.plain(known.profile, on=True, order=(), visit="")
    profile.state = visit_state.dump(known)
    profile.save()

    assert run(tmp_path, rows)["visits"] == 0
    at, day = START / 1000 + 86_400, START // 86_400_000 + 1
    visits_import(rows=[(page.slug, "file:u", at, day, two, 1)])

    kept = mappers.to_state(Profile.objects.get()).profile
    assert kept.blocks.keys() == {one} and kept.visits == 1
