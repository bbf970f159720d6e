"""What tests of corrections share: habits, acts, and what is stored of a person."""

from __future__ import annotations

from copy import deepcopy
from datetime import timedelta
from typing import Any

from django.utils import timezone

from tests.webapp.conftest import Person
from webapp.subjects.fold_worker import profile_fold
from webapp.subjects.models import Profile, Visit

HABITS = [
    ("glossary", "live"),
    ("glossary", "live"),
    ("glossary", "quiz"),
    ("glossary", "quiz"),
    ("glossary", "forum"),
]


def correct(person: Person, act: str, **more: str) -> dict[str, Any]:
    response = person.post("me/course-home", {"act": act, **more})
    assert response.status_code == 200, response.content
    return response.json()


def strike(person: Person, block: str = "glossary", about: str = "use") -> dict[str, Any]:
    return correct(person, "strike", about=about, block=block)


def fold_all() -> None:
    for row in Profile.objects.all():
        profile_fold(profile_id=row.pk, now=timezone.now())


def together(clock, *people: tuple[Person, list[tuple[str, ...]]]) -> None:
    """People's visits at the same times, a day apart; each sees a layout of their own."""
    start = clock.now
    for number in range(len(people[0][1])):
        for person, days in people:
            clock.now = start + timedelta(days=number)
            layout = person.layout()
            uses = [person.event("use", block) for block in days[number]]
            person.send(layout, person.event("impression"), *uses)
            clock.advance(minutes=5)
            person.send(layout, person.event("dwell", "links"))
        clock.now = start + timedelta(days=number + 1)
        fold_all()


def without(block: str, habits=HABITS) -> list[tuple[str, ...]]:
    return [tuple(b for b in used if b != block) for used in habits]


def state(person: Person) -> dict[str, Any]:
    """What is stored, but for the correction's own record, ids and what named the rows."""
    fold_all()
    row = Profile.objects.filter(subject__key=person.key).first()
    found = deepcopy(row.state) if row else {}
    found.pop("unlearned", None)
    found["profile"]["feedback"]["generation"] = 0
    found["profile"]["feedback"]["unexpected"] = []
    if found["visit"]:
        found["visit"] = {k: found["visit"][k] for k in ("since", "day", "started", "uses")}
    return found


def rows(person: Person) -> list[Any]:
    mine = Visit.objects.filter(profile__subject__key=person.key).order_by("started_at")
    return list(mine.values_list("started_at", "uses", "is_closed"))


def orders(clock, *people: Person, visits: int = 3) -> list[list[list[str]]]:
    """The layouts of the next visits of people who go on alike."""
    seen: list[list[list[str]]] = [[] for _ in people]
    for _ in range(visits):
        for number, person in enumerate(people):
            layout = person.layout()
            seen[number].append(layout["order"])
            person.send(layout, person.event("impression"), person.event("use", "quiz"))
        clock.advance(days=1)
        fold_all()
    return seen
