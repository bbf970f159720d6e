"""Audit reports: whose attributes they read, which looks came before, keeping and acknowledging."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from webapp.codebooks.models import Alias, CodebookVersion, Pipeline
from webapp.subjects.models import PersonalAttributes, Profile, Subject
from webapp.surfaces.models import Surface

from .models import AuditReport

USUAL = ("gender", "age_band", "disability")
"""Compared by unless somebody says otherwise, as far as they are known."""
MOST_ATTRIBUTES = 3


def people_of(surface: Surface, by: Sequence[str]) -> list[dict[str, str]]:
    """One dict per subject of the surface with consented attributes: user, surface, and `by`.

    What is said for this surface goes before what is said for all.
    """
    rows = PersonalAttributes.objects.filter(
        Q(surface=surface) | Q(surface=None), subject__profiles__surface=surface
    ).select_related("subject")
    merged: dict[str, dict[str, Any]] = {}
    for row in rows.order_by("surface_id"):
        mine = merged.setdefault(row.subject.key, {})
        mine.update(row.values if row.surface_id else {**row.values, **mine})
    return [
        {"user": key, "surface": surface.slug, **{name: str(v.get(name, "")) for name in by}}
        for key, v in sorted(merged.items())
    ]


def attributes_known(surface: Surface) -> list[str]:
    """Names of attributes that subjects of the surface have, the most common first."""
    rows = PersonalAttributes.objects.filter(
        Q(surface=surface) | Q(surface=None), subject__profiles__surface=surface
    )
    names = Counter(name for values in rows.values_list("values", flat=True) for name in values)
    return [name for name, _ in sorted(names.items(), key=lambda item: (-item[1], item[0]))]


def attributes_usual(surface: Surface) -> list[str]:
    known = attributes_known(surface)
    usual = [name for name in USUAL if name in known]
    return usual or known[:MOST_ATTRIBUTES]


def is_simulated(surface: Surface) -> bool:
    """Whether any visitor of the surface is simulated, which its reports must then say."""
    source = Subject.Source.SIMULATED
    return Profile.objects.filter(surface=surface, subject__source=source).exists()


def reports_earlier(surface: Surface, *, last: float) -> list[dict[str, Any]]:
    """The earlier looks at this surface, oldest first; each spent a part of the allowed error.

    Only visits since them count for this one. Where there are none (`last`: time of the latest
    visit, seconds), it looks at all visits again, at the price of another part of the error.
    """
    rows = AuditReport.objects.filter(surface=surface).order_by("created_at", "pk")
    looks: list[dict[str, Any]] = list(rows.values_list("report", flat=True))
    seen = [s["last"] for look in looks for s in look.get("surfaces", ())]
    if seen and max(datetime.fromisoformat(at).timestamp() for at in seen) >= int(last):
        return [{**look, "surfaces": []} for look in looks]
    return looks


@transaction.atomic
def report_save(
    *,
    surface: Surface,
    versions: Mapping[str, CodebookVersion],
    attributes: Sequence[str],
    report: Mapping[str, Any],
    html: str,
) -> AuditReport:
    subject = versions["subject"]
    if subject.status == CodebookVersion.Status.TRAINED:
        subject.status = CodebookVersion.Status.AUDITED
        subject.save(update_fields=("status",))
    return AuditReport.objects.create(
        surface=surface,
        version=subject,
        champion=versions.get("champion"),
        anchor=versions.get("anchor"),
        verdict=report["verdict"],
        attributes=list(attributes),
        report=dict(report),
        html=html,
    )


def champion_of(report: AuditReport) -> Surface | None:
    """The surface that the audited version serves now as its champion."""
    surface = report.surface
    if surface is None:
        return None
    serving = surface.aliases.filter(name=Alias.Name.CHAMPION, version=report.version_id)
    return surface if serving.exists() else None


def refresh_after(report: AuditReport) -> Pipeline | None:
    """The refresh that the report asked for; None where another pipeline was under way."""
    return Pipeline.objects.filter(key=f"refresh:after-audit:{report.pk}").first()


def report_acknowledge(*, report: AuditReport, name: str, why: str, by: User | None = None) -> None:
    """A named person takes an inconclusive audit upon themselves."""
    if report.verdict != AuditReport.Verdict.INCONCLUSIVE:
        raise ValueError(
            f"verdict: only an inconclusive audit is acknowledged, not {report.verdict}"
        )
    report.acknowledged_by = by
    report.acknowledged_at = timezone.now()
    report.acknowledgement = f"{name}: {why}"[:500]
    report.save(update_fields=("acknowledged_by", "acknowledged_at", "acknowledgement"))
