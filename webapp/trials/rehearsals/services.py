"""Saves rehearsals. A person's week goes with the person; the figures name nobody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from uiengine.page.layout import pack
from uiengine.page.reading_order import default_order
from uiengine.page.surface import Surface as Page
from webapp.codebooks.models import CodebookVersion
from webapp.subjects.models import Profile, Subject, Visit
from webapp.surfaces import mappers
from webapp.surfaces.models import Surface
from webapp.surfaces.preview import picture
from webapp.trials.models import Rehearsal, RehearsedWeek

WIDTH = 340
"""Width in px of a picture."""


NO_PAST = (
    "surface: {} has no past to rehearse on: no visit is stored. Import one: "
    "manage.py import_events PATH, or manage.py import_visits PATH"
)


def has_past(surface: Surface) -> bool:
    return Visit.objects.filter(profile__surface=surface, is_closed=True).exists()


def is_simulated(surface: Surface) -> bool:
    """Says whether any visitor of the surface is simulated; the page then has to say so."""
    source = Subject.Source.SIMULATED
    return Profile.objects.filter(surface=surface, subject__source=source).exists()


def rehearsal_save(
    *,
    surface: Surface,
    version: CodebookVersion | None,
    figures: Mapping[str, Any],
    weeks: Sequence[Mapping[str, Any]],
) -> Rehearsal:
    """weeks: fields of `ml.rehearsal.weeks.Week`. Must be called inside a transaction.

    A week of somebody who was erased meanwhile is left out; nobody is erased before the end.
    """
    row = Rehearsal.objects.create(
        surface=surface, version=version, verdict=figures["verdict"], figures=dict(figures)
    )
    people = Subject.objects.select_for_update().filter(key__in=[week["user"] for week in weeks])
    subjects = {subject.key: subject for subject in people.order_by("pk")}
    page = mappers.to_surface(surface)
    RehearsedWeek.objects.bulk_create(
        RehearsedWeek(
            rehearsal=row, subject=subjects[week["user"]], number=number, shown=_shown(page, week)
        )
        for number, week in enumerate(weeks)
        if week["user"] in subjects
    )
    return row


def _shown(page: Page, week: Mapping[str, Any]) -> dict[str, Any]:
    """What is drawn of a week, without the person's key."""
    total = sum(week["uses"].values())
    shares = {block: count / total for block, count in week["uses"].items()}
    today = pack(page, default_order(page)).placements[page.widest.name]
    pictures = [
        picture(page, page.widest, placed, WIDTH, demand=shares)
        for placed in (today, week["placed"])
    ]
    told = {name: week[name] for name in ("place", "saved", "visits", "more")}
    return {**told, "reasons": list(week["reasons"]), "before": pictures[0], "after": pictures[1]}
