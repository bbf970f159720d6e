"""The steps gate and promote."""

from __future__ import annotations

import json

from django.conf import settings

from uiengine.errors import VersionError
from webapp.codebooks.gate import conditions
from webapp.codebooks.gate.churn import churn, ungated_by
from webapp.codebooks.gate.clearance import PromotionError
from webapp.codebooks.gate.outcome import held
from webapp.codebooks.gate.rollout import after_gate
from webapp.codebooks.models import CodebookVersion, GateReport, Pipeline, Run
from webapp.codebooks.pipeline.collecting.jobs import pipeline_of
from webapp.codebooks.pipeline.gating.judging import (
    audited_before,
    most_seconds,
    stopped_by,
    version_of,
)
from webapp.codebooks.pipeline.lease import Lease
from webapp.codebooks.pipeline.work_folder import work_folder
from webapp.codebooks.registry import artefacts
from webapp.lib import database, stored_files
from webapp.surfaces import mappers

SMOKE_PEOPLE = 200
"""Number of random people that the gate of a smoke run checks."""


def gate(lease: Lease) -> None:
    """Judges the version by the five conditions; unless all pass, the pipeline ends held."""
    from ml.evaluation.held_back import interval
    from ml.evaluation.random_people import broken_rules, decision_seconds

    run, left = lease.run, pipeline_of(lease).result
    version, replayed, audited = version_of(lease), left[Run.Kind.REPLAY], left[Run.Kind.AUDIT]
    seconds = json.loads(stored_files.fetch(replayed["file"], work_folder(run)).read_text())
    found = interval(*seconds)
    people = SMOKE_PEOPLE if run.options.get("smoke") else settings.UIENGINE_GATE_PEOPLE
    loaded = artefacts.load(version.folder, version.manifest)
    surface = mappers.to_surface(run.surface)
    broken = broken_rules(loaded, surface, people, progress=lease.show)
    limits = {"seconds": decision_seconds(loaded, surface), "most_seconds": most_seconds()}
    champion = CodebookVersion.objects.filter(pk=replayed["champion"]).first()
    ungated = ungated_by(champion)
    refreshes = pipeline_of(lease).kind == Pipeline.Kind.REFRESH  # for slices, not for the mean
    energy = conditions.energy(
        estimate=found.estimate,
        low=found.low,
        high=found.high,
        against="champion" if replayed["champion"] else "default layout",
        people=replayed["people"],
        visits=replayed["visits"],
        needs_gain=bool(champion and not ungated and not refreshes),
    )
    with database.atomic():
        report = conditions.report_save(
            surface=run.surface,
            version=version,
            champion=champion,
            conditions=[
                conditions.parity(version.card),
                energy,
                conditions.guardrails(broken, people, **limits),
                conditions.audit(*audited_before(version, run.surface, audited)),
                # empty after an earlier release's replay
                churn(replayed.get("churn", {}), ungated),
            ],
            is_smoke=people < settings.UIENGINE_GATE_PEOPLE,
        )
        is_passed = report.verdict == GateReport.Verdict.PASSED
        outcome = None if is_passed else held(stopped_by(report))
        result = {"report": report.pk, "verdict": report.verdict}
        lease.finish(result, version, outcome)


def promote(lease: Lease) -> None:
    """Promotes the version, or applies the surface's other rollout setting."""
    version = version_of(lease)
    with database.atomic():
        try:
            outcome = after_gate(version=version, surface=lease.run.surface)
        except (PromotionError, VersionError) as error:
            outcome = held(f"{version.name} {error.problem}.")
        lease.finish({"version": version.name}, version, outcome)
