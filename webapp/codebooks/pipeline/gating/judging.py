"""Parts of the gate's step: what an earlier audit found, and how long a decision takes."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from webapp.codebooks.gate import conditions
from webapp.codebooks.gate.clearance import looks_standing
from webapp.codebooks.gate.outcome import held
from webapp.codebooks.gate.standing import EXCEEDS
from webapp.codebooks.models import CodebookVersion, GateReport
from webapp.codebooks.pipeline.lease import Lease, RefusedRunError
from webapp.lib import database
from webapp.surfaces.models import Surface


def version_of(lease: Lease) -> CodebookVersion:
    if lease.run.version is None:
        raise RefusedRunError(f"the version of run {lease.run.pk} is gone. Retrain.")
    return lease.run.version


def audited_before(
    version: CodebookVersion, surface: Surface, latest: dict[str, Any]
) -> tuple[str, int]:
    """Returns verdict and report of the latest audit, or of an earlier one that still exceeds."""
    exceeding = [look for look in looks_standing(version, surface) if look.verdict == EXCEEDS]
    return (EXCEEDS, exceeding[0].pk) if exceeding else (latest["verdict"], latest["report"])


def late_held(
    lease: Lease, version: CodebookVersion, champion: CodebookVersion | None, seconds: float
) -> bool:
    """Ends the pipeline with a gate report if a decision takes too long; says whether it did.

    seconds: processor time of a decision.
    """
    if seconds <= most_seconds():
        return False
    surface = lease.run.surface
    judged = conditions.guardrails({}, 1, seconds=seconds, most_seconds=most_seconds())
    with database.atomic():
        report = conditions.report_save(
            surface=surface, version=version, champion=champion, conditions=[judged]
        )
        left = {"report": report.pk, "verdict": report.verdict}
        lease.finish(left, version, held(stopped_by(report)))
    return True


def most_seconds() -> float:
    """The processor time that a decision may take: what a request has for it."""
    return float(settings.UIENGINE_DEADLINE_MS) / 1000


def stopped_by(report: GateReport) -> str:
    """Says each condition that did not pass; failed ones first, as no name lifts these."""
    verdict = GateReport.Verdict
    stopped = [c for c in report.conditions if c["verdict"] != verdict.PASSED]
    stopped.sort(key=lambda c: c["verdict"] != verdict.FAILED)
    return " ".join(f"{c['name']} {c['verdict']}: {c['text']}" for c in stopped)
