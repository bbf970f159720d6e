"""Audit reports: earlier looks, saving and acknowledging."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser

from webapp.audits.models import AuditReport
from webapp.codebooks.gate.acknowledging import acknowledge_once
from webapp.codebooks.models import Alias, CodebookVersion, Pipeline
from webapp.lib import database
from webapp.subjects.models import Profile, Subject
from webapp.surfaces.models import Surface


def is_simulated(surface: Surface) -> bool:
    """Says whether any visitor of the surface is simulated; reports then have to say so."""
    source = Subject.Source.SIMULATED
    return Profile.objects.filter(surface=surface, subject__source=source).exists()


def reports_earlier(surface: Surface, *, last: float) -> list[dict[str, Any]]:
    """Returns the earlier looks at this surface, oldest first; each spent a part of the error.

    An audit counts only visits since the earlier looks. Where there is none (`last`: time of the
    latest visit, in seconds), it counts all visits again, and still spends its part of the error.
    """
    rows = AuditReport.objects.filter(surface=surface).order_by("created_at", "pk")
    looks: list[dict[str, Any]] = list(rows.values_list("report", flat=True))
    seen = [s["last"] for look in looks for s in look.get("surfaces", ())]
    if seen and max(datetime.fromisoformat(at).timestamp() for at in seen) >= int(last):
        return [{**look, "surfaces": []} for look in looks]
    return looks


@database.atomic
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
    """Returns the surface whose champion is the audited version now, else None."""
    surface = report.surface
    if surface is None:
        return None
    serving = surface.aliases.filter(name=Alias.Name.CHAMPION, version=report.version_id)
    return surface if serving.exists() else None


def refresh_after(report: AuditReport) -> Pipeline | None:
    """Returns the refresh that the report started; None where another pipeline was running."""
    return Pipeline.objects.filter(key=f"refresh:after-audit:{report.pk}").first()


def report_acknowledge(
    *, report: AuditReport, name: str, why: str, by: AbstractBaseUser | None = None
) -> None:
    """Records that a named person accepts an inconclusive audit.

    Raises ValueError for others, and where somebody has accepted it: who did first stays.
    """
    if report.verdict != AuditReport.Verdict.INCONCLUSIVE:
        raise ValueError(
            f"verdict: only an inconclusive audit is acknowledged, not {report.verdict}"
        )
    acknowledge_once(report, name, why, acknowledged_by=by)
