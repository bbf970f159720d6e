"""Exports everything kept on a subject, for the subject only.

Personal attributes are given to no one else. The export is written piece by piece, a page of rows
at a time, so that a long history neither fills the memory nor holds other threads up.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import orjson
from django.db.models import F, Q, QuerySet

from uiengine.behaviour.days import day_of
from uiengine.errors import VersionError
from uiengine.request import Request
from webapp.codebooks.registry.training_record import trained_versions
from webapp.lib import times
from webapp.lib.times import utc_now
from webapp.privacy.claims import page_knows
from webapp.serving.pages import serving
from webapp.subjects import mappers
from webapp.subjects.attributes import Reading, reading_record
from webapp.subjects.decisions import is_control
from webapp.subjects.imports.events.visits import unpack
from webapp.subjects.models import ImportedHistory, Profile, Subject

OURS = ("profile", "batch", "fold", "lease_until")
AT_ONCE = 1000
"""Rows that are read, and held in memory, at once."""


def subject_export(*, key: str) -> Iterator[bytes]:
    """Yields everything kept on the subject, as pieces of one JSON object, none of them empty.

    Rows are read while the pieces are taken: of a subject erased meanwhile the rest is missing.
    """
    trained = [version.as_json() for version in trained_versions(key)]
    head: dict[str, Any] = {"subject": key, "trained_versions": trained}
    subject = Subject.objects.filter(key=key).first()
    if subject is not None:
        head |= {
            "clock_offset": subject.clock_offset,
            "source": subject.source,
            "created_at": subject.created_at,
            "other_ids_in_files": list(subject.ties.order_by("at", "id").values("alias", "at")),
            "rehearsed_weeks": list(subject.rehearsed_weeks.values("rehearsal_id", "shown")),
        }
    head["attributes"] = _attributes(subject) if subject else []
    yield orjson.dumps(head)[:-1] + b',"profiles":['
    profiles = subject.profiles.select_related("surface", "subject") if subject else ()
    for number, row in enumerate(profiles):
        if number:
            yield b","
        yield from _profile_export(row)
    yield b"]}"


def _attributes(subject: Subject) -> list[dict[str, Any]]:
    """The person's own attributes; the log of readings gets their names without the values."""
    rows = list(subject.attributes.select_related("surface"))
    names = sorted({name for row in rows for name in row.values})
    if names:
        reading_record(Reading("the person", "export of what is kept"), "", names, [{}])
    return [
        {
            "surface": attributes.surface.slug if attributes.surface else None,
            "values": attributes.values,
            "consented_at": attributes.consented_at,
            "consent_note": attributes.consent_note,
        }
        for attributes in rows
    ]


def _profile_export(row: Profile) -> Iterator[bytes]:
    head = {
        "surface": row.surface.slug,
        "group": _group(row),
        "state": row.state,
        "tokens": _tokens(row),
        "knows": _knows(row),
        "updated_at": row.updated_at,
        "imported_events": _imported(row),
    }
    yield orjson.dumps(head)[:-1]
    for name, rows, order in (
        ("visits", row.visits.all(), ("started_at", "id")),
        ("decisions", row.decisions.all(), ("id",)),
        ("events", row.events.all(), ("happened_at", "id")),
        ("goals", row.goals.annotate(name=F("goal__name")), ("happened_at", "id")),
    ):
        yield b',"%s":[' % name.encode()
        for number, page in enumerate(_pages(rows, order)):
            yield (b"," if number else b"") + orjson.dumps(page)[1:-1]
        yield b"]"
    yield b"}"


def _imported(row: Profile) -> list[dict[str, Any]]:
    """The events of files that the profile was imported from. at: ms since 1970."""
    kept = ImportedHistory.objects.filter(profile=row).first()
    return [event._asdict() for event in unpack(kept.events)] if kept else []


def _pages(rows: QuerySet[Any], order: Sequence[str]) -> Iterator[list[dict[str, Any]]]:
    """Yields the rows' columns without those of internal processing (OURS), AT_ONCE at a time.

    order: one or two columns that together differ in every row. A page begins after the last row
    of the one before, so no cursor stays open in the database between two pages.
    """
    fields = rows.model._meta.concrete_fields
    names = [f.attname for f in fields if f.name not in OURS]
    columns = rows.order_by(*order).values(*names, *rows.query.annotations)
    page = list(columns[:AT_ONCE])
    while page:
        yield page
        if len(page) < AT_ONCE:
            return
        first, *rest = ((name, page[-1][name]) for name in order)
        after = Q(**{f"{first[0]}__gt": first[1]})
        for name, value in rest:
            after |= Q(**{first[0]: first[1], f"{name}__gt": value})
        page = list(columns.filter(after)[:AT_ONCE])


def _group(row: Profile) -> str:
    """Says whether the layouts here adapt or belong to the control group."""
    is_in = is_control(row.subject.key, row.surface.slug, row.surface.control_percent)
    return "control: keeps the default layout" if is_in else "adapted"


def _knows(row: Profile) -> dict[str, Any] | None:
    """What the page holds true of the person, in sentences; None if it cannot be served."""
    page = serving.page(row.surface.slug)
    if page is None:
        return None
    return page_knows(key=row.subject.key, page=page, now=utc_now())


def _tokens(row: Profile) -> dict[str, Any] | None:
    """The serving version's codes for the profile now; None if none serves, or fails for it."""
    page = serving.page(row.surface.slug)
    if page is None or page.version is None:
        return None
    day = day_of(times.to_milliseconds(utc_now()), page.surface.zone)
    popularity = serving.popularity(page, day)
    state = mappers.to_state(row)
    request = Request(page.surface, state.profile, popularity, day)
    try:
        read = page.version.read([request])[0]
    except VersionError:
        return None
    return {"version": page.version.id, "tokens": list(read.tokens), "side_bits": read.side_bits}
