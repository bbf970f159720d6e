"""Celery tasks of audits: replay stored visits under a version and compare slices."""

from __future__ import annotations

import shutil

from celery import shared_task
from django.db import transaction
from django.utils import timezone

from webapp.audits.mail import reports_mail
from webapp.audits.services import is_simulated, report_save, reports_earlier
from webapp.codebooks.models import Alias, CodebookVersion, Run
from webapp.codebooks.pipeline import lease
from webapp.codebooks.pipeline.enqueue import run_enqueue
from webapp.codebooks.pipeline.stored_visits import stored_visits
from webapp.codebooks.pipeline.work_folder import work_folder
from webapp.codebooks.registry import artefacts
from webapp.subjects.attributes import attributes_usual, people_of
from webapp.surfaces import mappers
from webapp.surfaces.models import Surface


@shared_task(name="audits.audit")  # type: ignore[untyped-decorator]
def audit(run_id: int) -> None:
    audit_run(run_id)
    reports_mail()


@shared_task(name="audits.mail")  # type: ignore[untyped-decorator]
def mail() -> int:
    """Mails reports that were left, as a worker died or the mail server was unavailable."""
    return reports_mail()


def audit_run(run_id: int, watch: lease.Progress | None = None) -> Run | None:
    """Audits the run's version, or the surface's champion, and stores a report."""
    done = lease.run_carry_out(run_id=run_id, work=_audit, watch=watch)
    if done is not None:
        shutil.rmtree(work_folder(done), ignore_errors=True)
    return done


def _audit(hold: lease.Hold) -> None:
    from ml.audit.stored import audit_stored
    from ml.data.rows import visits_frame
    from ml.data.tables import DataError

    run = hold.run
    hold.show(0.0, "collecting visits")
    versions = _versions(run)
    by = run.options.get("by") or attributes_usual(run.surface)
    work = work_folder(run)
    folders = {n: artefacts.registered(v.folder, v.manifest) for n, v in versions.items()}
    visits = visits_frame(stored_visits(run.surface))
    if visits.empty:
        raise lease.RefusedRunError(
            f"surface: {run.surface.slug} has no visits yet. Import some: manage.py import_visits"
        )
    try:
        report, html = audit_stored(
            visits,
            people_of(run.surface, by),
            by,
            surface=mappers.to_surface(run.surface),
            versions=folders,
            previous=reports_earlier(run.surface, last=visits["when"].max().timestamp()),
            work=work,
            serves=run.surface.aliases.filter(
                name=Alias.Name.CHAMPION, version=versions["subject"]
            ).exists(),
            simulated=is_simulated(run.surface),
            progress=lambda share, doing: hold.show(0.02 + 0.95 * share, doing),
        )
    except DataError as error:
        raise lease.bad_values(error) from error
    with transaction.atomic():
        saved = report_save(
            surface=run.surface, versions=versions, attributes=by, report=report, html=html
        )
        result = {"report": saved.pk, "verdict": saved.verdict, "version": saved.version.name}
        hold.finish(result, versions["subject"])


def _versions(run: Run) -> dict[str, CodebookVersion]:
    """Returns the audited version as `subject`, and those it is compared with."""
    rows = Alias.objects.filter(surface=run.surface).select_related("version")
    aliases = {str(alias.name): alias.version for alias in rows}
    subject = run.version or aliases.get("champion")
    if subject is None:
        raise lease.RefusedRunError(
            f"surface: {run.surface.slug} has no champion, and no version was named. "
            "Promote a version, or name one: manage.py audit --codebook NAME"
        )
    compared = {name: aliases[name] for name in ("champion", "anchor") if name in aliases}
    return {"subject": subject, **{n: v for n, v in compared.items() if v != subject}}


@shared_task(name="audits.audit_all")  # type: ignore[untyped-decorator]
def audit_all() -> int:
    """Requests a weekly audit of each surface with visits that is not off; returns how many."""
    week = timezone.now().strftime("%G-W%V")
    asked = 0
    for surface in Surface.objects.exclude(mode=Surface.Mode.OFF):
        if next(stored_visits(surface), None) is None:
            continue
        run, is_new = lease.run_request(
            kind=Run.Kind.AUDIT, surface=surface, key=f"audit:{surface.slug}:{week}", by="schedule"
        )
        if is_new:
            run_enqueue(run)
        asked += is_new
    return asked
