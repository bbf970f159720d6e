"""Celery tasks of answers that are made before they are asked for."""

from __future__ import annotations

from celery import shared_task

from webapp.layouts.answer import ahead
from webapp.lib.times import utc_now
from webapp.subjects.ahead_request import answers_request

AT_ONCE = 50
"""People whose answers are made in one task, half a second of work, so that folding gets turns."""


@shared_task(name="layouts.make_ahead")  # type: ignore[untyped-decorator]
def make_ahead(profiles: list[int]) -> int:
    """Makes the next answers of the first profiles, and asks for the others'."""
    made = ahead.answers_make(profiles=profiles[:AT_ONCE], now=utc_now())
    answers_request(profiles[AT_ONCE:])
    return made


@shared_task(name="layouts.make_day_ahead")  # type: ignore[untyped-decorator]
def make_day_ahead(surface_id: int) -> int:
    """Asks for the answers of all who may come back; returns how many people that is."""
    profiles = ahead.profiles_expected(surface_id=surface_id, now=utc_now())
    answers_request(profiles)
    return len(profiles)
