"""The audit as a step: stored visits are replayed under a version and compared by slice."""

from __future__ import annotations

from typing import Any

from webapp.audits.goals import goals_reached
from webapp.audits.services import is_simulated, report_save, reports_earlier
from webapp.codebooks.books import entries_served
from webapp.codebooks.models import Alias, CodebookVersion, Run
from webapp.codebooks.pipeline.lease import Lease, RefusedRunError, bad_values
from webapp.codebooks.pipeline.stored_visits import stored_visits
from webapp.codebooks.pipeline.work_folder import work_folder
from webapp.codebooks.registry import artefacts
from webapp.lib import database
from webapp.lib.times import utc_now
from webapp.subjects.attributes import Reading, attributes_known, lent, people_of
from webapp.subjects.put_away import put_away_answers
from webapp.surfaces import mappers


def audit(lease: Lease) -> None:
    """Audits the run's version, or the surface's champion; leaves a report row."""
    from ml.audit.person_sums import last_seen
    from ml.audit.stored import Walk, people_sums, stored_report
    from ml.data.errors import DataError
    from ml.data.histories import visits_of
    from ml.data.rows import visits_frame
    from ml.data.sums import Sums
    from ml.progress import within

    run = lease.run
    lease.show(0.0, "collecting visits")
    versions = _versions(run)
    chosen = run.options.get("by")
    by = chosen or attributes_known(run.surface)
    work = work_folder(run)
    visits = visits_frame(stored_visits(run.surface))
    if visits.empty:
        raise RefusedRunError(
            f"surface: {run.surface.slug} has no visits yet. Import some: manage.py import_visits"
        )
    previous = reports_earlier(run.surface, last=visits["when"].max().timestamp())
    walk = Walk(
        surface=mappers.to_surface(run.surface),
        versions={n: artefacts.registered(v.folder, v.manifest) for n, v in versions.items()},
        popularity=Sums.of(visits_of(visits)).before_days(),
        entries=entries_served(run.surface),
        site=_site_facts(run, is_chosen=bool(chosen)),
        since=last_seen(previous),
    )
    try:
        made = people_sums([visits], walk, work, within(lease.show, 0.02, 0.75))
        made.to_parquet(work / "people.parquet")
        report, html = stored_report(
            [work / "people.parquet"],
            people_of(run.surface, by, Reading(run.asked_by, f"audit, run {run.pk}")),
            walk,
            by=by,
            previous=previous,
            work=work,
            serves=_serves(versions["subject"], run),
            simulated=is_simulated(run.surface),
            progress=within(lease.show, 0.77, 0.2),
        )
    except DataError as error:
        raise bad_values(error) from error
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


def _site_facts(run: Run, *, is_chosen: bool) -> Any:
    """What this site adds, as `ml.audit.site_facts.SiteFacts`."""
    from ml.audit.goals import AuditedGoal
    from ml.audit.site_facts import SiteFacts

    surface = run.surface
    replayed = run.pipeline.result.get(Run.Kind.REPLAY, {}) if run.pipeline else {}
    return SiteFacts(
        is_chosen=is_chosen,
        lent=lent(surface),
        goals=[AuditedGoal(**fields) for fields in goals_reached(surface, utc_now())],
        answers=put_away_answers(surface),
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
