"""Audit reports: whose attributes they read, which looks came before, keeping and acknowledging."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from webapp.audits.models import AuditReport
from webapp.codebooks.models import Alias, CodebookVersion, Pipeline
from webapp.subjects.models import Profile, Subject
from webapp.surfaces.models import Surface


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
