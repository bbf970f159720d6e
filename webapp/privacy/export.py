"""Exports everything kept on a subject, for the subject only.

Personal attributes are given to no one else.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from uiengine.request import Request
from webapp.codebooks.registry.training_record import trained_versions
from webapp.lib import times
from webapp.lib.times import utc_now
from webapp.serving.pages import serving
from webapp.subjects import mappers
from webapp.subjects.decisions import is_control
from webapp.subjects.models import Profile, Subject

OURS = ("profile", "batch", "fold", "lease_until")


def subject_export(*, key: str) -> dict[str, Any]:
    """Everything kept on the subject, as JSON values."""
    trained = [version.as_json() for version in trained_versions(key)]
    subject = Subject.objects.filter(key=key).first()
    if subject is None:
        return {"subject": key, "attributes": [], "profiles": [], "trained_versions": trained}
    return {
        "subject": key,
        "trained_versions": trained,
        "clock_offset": subject.clock_offset,
        "source": subject.source,
        "created_at": subject.created_at.isoformat(),
        "attributes": [
            {
                "surface": attributes.surface.slug if attributes.surface else None,
                "values": attributes.values,
                "consented_at": attributes.consented_at.isoformat(),
                "consent_note": attributes.consent_note,
            }
            for attributes in subject.attributes.select_related("surface")
        ],
        "profiles": [_profile_export(p) for p in subject.profiles.select_related("surface")],
    }


def _profile_export(row: Profile) -> dict[str, Any]:
    return {
        "surface": row.surface.slug,
        "group": _group(row),
        "state": row.state,
        "tokens": _tokens(row),
        "updated_at": row.updated_at.isoformat(),
        "visits": [_columns(v) for v in row.visits.order_by("started_at")],
        "decisions": [_columns(d) for d in row.decisions.order_by("pk")],
        "events": [_columns(e) for e in row.events.order_by("happened_at", "pk")],
    }


def _columns(row: Any) -> dict[str, Any]:
    """All columns except those of internal processing (OURS)."""
    names = [field.attname for field in row._meta.concrete_fields if field.name not in OURS]
    values = {name: getattr(row, name) for name in names}
    return {n: v.isoformat() if isinstance(v, datetime) else v for n, v in values.items()}


def _group(row: Profile) -> str:
    """Says whether the layouts here adapt or belong to the control group."""
    is_in = is_control(row.subject.key, row.surface.slug, row.surface.control_percent)
    return "control: keeps the default layout" if is_in else "adapted"


def _tokens(row: Profile) -> dict[str, Any] | None:
    """The serving version's codes for the profile now; None if no version serves."""
    page = serving.page(row.surface.slug)
    if page is None or page.version is None:
        return None
    day = times.to_day(times.to_milliseconds(utc_now()))
    popularity = serving.popularity(page, day)
    state = mappers.to_state(row)
    request = Request(page.surface, state.profile, popularity, day)
    read = page.version.read([request])[0]
    return {"version": page.version.id, "tokens": list(read.tokens), "side_bits": read.side_bits}
