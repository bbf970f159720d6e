"""Personas for previews: a newcomer, a made-up, a simulated or a real person."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from django.conf import settings

from uiengine.behaviour.profile import Profile, fold_visit
from uiengine.page.reading_order import default_order
from uiengine.page.surface import Surface
from uiengine.put_away import page_of
from uiengine.request import Request
from webapp.layouts.answer.context import decision_context
from webapp.lib.times import utc_now
from webapp.serving.pages import Page, serving
from webapp.subjects.keys import UnusableKeyError, subject_key_checked
from webapp.subjects.models import Subject

NEWCOMER, MADE_UP, PERSON = "newcomer", "made-up", "person"
MOST_SIMULATED = 40


@dataclass(frozen=True)
class Persona:
    """A profile to decide a page for.

    day, visit: the time of the decision. subject: the stored person, if any.
    """

    profile: Profile
    day: int
    visit: str = ""
    subject: Subject | None = None

    def request(self, page: Page) -> Request:
        return Request(
            surface=page_of(page.surface, self.profile.feedback),
            profile=self.profile,
            popularity=serving.popularity(page, self.day),
            day=self.day,
            visit=self.visit,
            budget=settings.UIENGINE_BUDGET,
        )


def simulated(surface_id: int) -> list[tuple[str, str]]:
    """Returns keys and names of simulated people with a profile on the surface."""
    rows = Subject.objects.filter(
        source=Subject.Source.SIMULATED, profiles__surface_id=surface_id
    ).order_by("pk")
    keys = rows.values_list("key", flat=True)[:MOST_SIMULATED]
    return [(key, key.removeprefix("file:")) for key in keys]


def made_up(
    surface: Surface, day: int, *, visits: int, every: int, uses: Mapping[str, int]
) -> Persona:
    """Builds a person with `visits` visits, one every `every` days up to yesterday.

    The person saw the default layout; `uses` gives per block the number of visits with a use,
    spread evenly.
    """
    profile, order = Profile(), default_order(surface)
    for visit in range(visits):
        used = [b for b, n in uses.items() if (visit + 1) * n // visits > visit * n // visits]
        fold_visit(profile, day - 1 - (visits - 1 - visit) * every, used, order)
    return Persona(profile, day)


def person(key: str, page: Page) -> Persona | None:
    """Builds the persona of a stored person as of now; None where the key is unknown."""
    with suppress(UnusableKeyError):
        key = subject_key_checked(key)
    subject = Subject.objects.filter(key=key).first()
    if subject is None:
        return None
    found = decision_context(key=key, page=page, now=utc_now())
    return Persona(found.profile, found.day, found.visit, subject)
