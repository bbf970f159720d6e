"""Personas of the demo page: a newcomer, and a simulated person per habit."""

from __future__ import annotations

import secrets
from collections import Counter
from dataclasses import dataclass
from itertools import chain

from django.db.models import Count
from django.http import HttpRequest
from django.utils.translation import gettext as _

from webapp.serving.pages import serving
from webapp.subjects.models import Subject, Visit

NEWCOMER = "demo:"
"""Prefix of newcomers' keys; each browser session has one newcomer of its own."""
SEPARATOR = " – "
"""Separates name and habit in the cohort's user names: "Amina – forum reader". People of other
pages have a name alone."""


@dataclass(frozen=True)
class Person:
    key: str
    name: str
    habit: str

    @property
    def is_simulated(self) -> bool:
        return not self.key.startswith(NEWCOMER)


def people(request: HttpRequest, slug: str) -> list[Person]:
    """Returns the session's newcomer, then a simulated person per habit."""
    key = request.session.get("demo_newcomer") or _newcomer(request)
    return [Person(key, _("You"), _("starts from nothing")), *_simulated(slug)]


def current(request: HttpRequest, choices: list[Person]) -> Person:
    """Returns the chosen person, at first a simulated one, whose page has adapted already."""
    chosen = request.session.get("demo_person")
    wanted = [person for person in choices if person.key == chosen]
    return (wanted or choices[1:] or choices)[0]


def choose(request: HttpRequest, key: str, choices: list[Person]) -> None:
    """Switches to one of the choices; choosing the newcomer again starts a new one."""
    before = current(request, choices)
    if key == before.key and not before.is_simulated:
        key = _newcomer(request)
    request.session["demo_person"] = key


def _newcomer(request: HttpRequest) -> str:
    key = f"{NEWCOMER}{secrets.token_hex(8)}"
    request.session["demo_newcomer"] = key
    return key


def _simulated(slug: str) -> list[Person]:
    """Returns per habit the simulated person with the most visits, as they offer most to replay;
    people without a named habit are each their own."""
    keys = (
        Subject.objects.filter(source=Subject.Source.SIMULATED, profiles__surface__slug=slug)
        .annotate(visits=Count("profiles__visits"))
        .order_by("-visits", "pk")
        .values_list("key", flat=True)
    )
    parts = [(key, *key.removeprefix("file:").partition(SEPARATOR)) for key in keys]
    by_habit: dict[str, Person] = {}
    for key, name, _separator, habit in parts:
        seen = _(habit) if habit else _most_used(key, slug)
        by_habit.setdefault(seen, Person(key, name, seen))
    return sorted(by_habit.values(), key=lambda person: person.name)


def _most_used(key: str, slug: str) -> str:
    """Says of a person without a named habit what the visits show."""
    rows = Visit.objects.filter(
        profile__subject__key=key, profile__surface__slug=slug, is_closed=True
    )
    visits = [set(uses) for uses in rows.values_list("uses", flat=True)]
    page, counts = serving.page(slug), Counter(chain.from_iterable(visits))
    if page is None or not counts:
        return ""
    block, uses = counts.most_common(1)[0]
    said = _("{title} in {uses} of {visits} visits")
    title = _(page.surface.block(block).title)
    return said.format(title=title, uses=uses, visits=len(visits))
