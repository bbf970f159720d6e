"""The audit as a step: stored visits are replayed under a version and compared by slice.

People are walked in parts (`parts`), of which any worker may do any. Attributes are read here,
where what the parts left is joined.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from webapp.audits.parts.jobs import NOBODY, Walked, audit_walked, walk_of
from webapp.audits.services import is_simulated, report_save
from webapp.codebooks.models import Alias, CodebookVersion, Run
from webapp.codebooks.pipeline.kept_visits import run_folder
from webapp.codebooks.pipeline.lease import Lease, RefusedRunError, bad_values
from webapp.codebooks.pipeline.work_folder import work_folder
from webapp.lib import database, stored_files
from webapp.subjects.attributes import Reading, attributes_known, lent, people_of


def audit(lease: Lease) -> None:
    """Audits the run's version, or the surface's champion; leaves a report row."""
    run = lease.run
    versions = _versions(run)
    walked = audit_walked(lease, versions)
    by = run.options.get("by") or attributes_known(run.surface)
    report, html = _joined(lease, walked, versions["subject"], by)
    with database.atomic():
        saved = report_save(
            surface=run.surface,
            versions=versions,
            attributes=[name for name in by if name in report["by"]],
            report=report,
            html=html,
        )
        result = {"report": saved.pk, "verdict": saved.verdict, "version": saved.version.name}
        lease.finish(result, versions["subject"])
    stored_files.clear(run_folder(run), ("visits-audit", "people", "sums-audit"))


def _joined(
    lease: Lease, walked: Walked, subject: CodebookVersion, by: list[str]
) -> tuple[dict[str, Any], str]:
    """Returns the content of report.json and of report.html."""
    from ml.audit.stored import stored_report
    from ml.data.errors import DataError

    run, work = lease.run, work_folder(lease.run)
    walk = walk_of(run, walked.given, NOBODY)
    names = [left["of_people"] for left in walked.done if "of_people" in left]
    try:
        return stored_report(
            [stored_files.fetch(name, work) for name in names],
            people_of(run.surface, by, Reading(run.asked_by, f"audit, run {run.pk}")),
            replace(walk, site=_site_facts(run, walk.site)),
            by=by,
            previous=walked.previous,
            work=work,
            serves=_serves(subject, run),
            simulated=is_simulated(run.surface),
            progress=lease.show,
        )
    except DataError as error:
        raise bad_values(error) from error


def _site_facts(run: Run, site: Any) -> Any:
    """Adds what the report says of attributes and of the change of versions."""
    replayed = run.pipeline.result.get(Run.Kind.REPLAY, {}) if run.pipeline else {}
    return replace(
        site,
        is_chosen=bool(run.options.get("by")),
        lent=lent(run.surface),
        churn=replayed.get("churn") or {},
    )


def _serves(version: CodebookVersion, run: Run) -> bool:
    return run.surface.aliases.filter(name=Alias.Name.CHAMPION, version=version).exists()


def _versions(run: Run) -> dict[str, CodebookVersion]:
    """The version that is judged, and what it is compared with."""
    rows = Alias.objects.filter(surface=run.surface).select_related("version")
    aliases = {str(alias.name): alias.version for alias in rows}
    subject = run.version or aliases.get("champion")
    if subject is None:
        raise RefusedRunError(
            f"surface: {run.surface.slug} has no champion, and no version was named. "
            "Promote a version, or name one: manage.py audit --codebook NAME"
        )
    compared = {name: aliases[name] for name in ("champion", "anchor") if name in aliases}
    return {"subject": subject, **{n: v for n, v in compared.items() if v != subject}}
