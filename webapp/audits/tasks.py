"""Celery's door to audits and to the mail about them."""

from __future__ import annotations

from celery import shared_task

from webapp.audits.mail import reports_mail
from webapp.audits.weekly import audits_request
from webapp.codebooks.pipeline.steps import step_run
from webapp.lib.times import utc_now


@shared_task(name="audits.audit")  # type: ignore[untyped-decorator]
def audit(run_id: int) -> None:
    step_run(run_id)
    reports_mail()


@shared_task(name="audits.mail")  # type: ignore[untyped-decorator]
def mail() -> int:
    """Mails reports that no worker mailed: one died, or the mail server was away."""
    return reports_mail()


@shared_task(name="audits.audit_all")  # type: ignore[untyped-decorator]
def audit_all() -> int:
    """An audit of each champion that people are served by."""
    return audits_request(now=utc_now())
