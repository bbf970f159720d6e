"""Celery's task for retention."""

from __future__ import annotations

from celery import shared_task

from webapp.codebooks.pipeline.kept_visits import files_sweep
from webapp.lib.times import utc_now
from webapp.privacy.attribute_retention import attributes_expire
from webapp.privacy.outgrown import outgrown_delete
from webapp.privacy.retention import months_renew, retention_apply
from webapp.subjects import keys
from webapp.subjects.imports.parts.sweep import imports_sweep
from webapp.subjects.tasks import log
from webapp.surfaces.models import Surface


@shared_task(name="subjects.retention")  # type: ignore[untyped-decorator]
def retention() -> dict[str, dict[str, int]]:
    """Deletes each surface's old rows; the worker's log has the counts.

    Every surface has its turn before the last error is raised.
    """
    done: dict[str, dict[str, int]] = {}
    failed: Exception | None = None
    keys.revoked_expired_delete(now=utc_now())
    files_sweep()
    try:
        imports_sweep(now=utc_now())
    except Exception as error:
        log.exception("subjects.imports_failed")
        failed = error
    try:
        log.info("subjects.outgrown %s", outgrown_delete(now=utc_now()))
    except Exception as error:
        log.exception("subjects.outgrown_failed")
        failed = error
    try:
        log.info("subjects.attributes %s", attributes_expire(now=utc_now()))
    except Exception as error:
        log.exception("subjects.attributes_failed")
        failed = error
    try:
        log.info("subjects.months %s", months_renew(now=utc_now()))
    except Exception as error:  # no lock was free: tomorrow's run tries again
        log.exception("subjects.months_failed")
        failed = error
    for surface in Surface.objects.all():
        try:
            done[surface.slug] = retention_apply(surface=surface, now=utc_now())
        except Exception as error:
            log.exception("subjects.retention_failed surface=%s", surface.slug)
            failed = error
    log.info("subjects.retention %s", done)
    if failed:
        raise failed
    return done
