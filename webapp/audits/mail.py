"""Mails people when an audit *exceeds*: one mail per report, even with retries."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.mail import EmailMultiAlternatives
from django.urls import NoReverseMatch, reverse

from webapp.audits.models import AuditReport
from webapp.audits.services import champion_of
from webapp.audits.words import slice_name
from webapp.lib.times import utc_now

log = logging.getLogger(__name__)
GROUP = "auditor"
AT_MOST = timedelta(days=7)
"""Maximum age of a report to mail; older ones are not news any more."""
MOST_NAMED = 20


def recipients() -> list[str]:
    """Returns the addresses in AUDIT_EMAILS and those of the group *auditor*."""
    return sorted({*settings.UIENGINE_AUDIT_EMAILS, *_auditors()})


def email_field() -> str:
    """Returns the e-mail field of the host's user model; "" if it has none, or no groups."""
    model = get_user_model()
    names = {field.name for field in model._meta.get_fields()}
    field = model.get_email_field_name()
    return field if {field, "groups"} <= names else ""


def _auditors() -> set[str]:
    if not (field := email_field()):
        return set()
    group = get_user_model()._default_manager.filter(groups__name__iexact=GROUP)
    return {getattr(user, field) for user in group if user.is_active} - {"", None}


def reports_mail() -> int:
    """Mails the reports that exceed and were not mailed yet; returns how many.

    A worker claims a report by updating its row before it sends the mail, so that two workers
    cannot both send it. If the mail server refuses, the claim is taken back for the next sweep.
    """
    new = AuditReport.objects.filter(
        verdict=AuditReport.Verdict.EXCEEDS,
        mailed_at=None,
        created_at__gte=utc_now() - AT_MOST,
    )
    return sum(_mail(report) for report in new.select_related("surface", "version"))


def _mail(report: AuditReport) -> bool:
    to = recipients()
    if not to:
        is_news = report.created_at > utc_now() - timedelta(hours=1)
        log.log(
            logging.WARNING if is_news else logging.DEBUG,
            "audits.mail report %s exceeds, and nobody is told: set AUDIT_EMAILS, or give members "
            "of the group %r an address",
            report.pk,
            GROUP,
        )
        return False
    mine = AuditReport.objects.filter(pk=report.pk, mailed_at=None)
    if not mine.update(mailed_at=utc_now()):
        return False
    try:
        _message(report, to).send()
    except Exception:  # smtplib and sockets raise many kinds
        log.exception("audits.mail report %s was not sent; the next sweep tries again", report.pk)
        AuditReport.objects.filter(pk=report.pk).update(mailed_at=None)
        return False
    return True


def _message(report: AuditReport, to: Sequence[str]) -> EmailMultiAlternatives:
    """Builds the mail; blind copies hide the recipients from each other."""
    page = report.surface or "all surfaces"
    return EmailMultiAlternatives(
        # A title may hold line breaks, which a header may not.
        subject=" ".join(f"Audit exceeds: {report.version.name} on {page}".split()),
        body=body(report),
        bcc=list(to),
    )


def body(report: AuditReport) -> str:
    """Renders the text, with aggregates only: slices, never single persons."""
    label = "Some or all of the people of this audit are simulated."
    simulated = [label, ""] if _is_simulated(report) else []
    return "\n".join(
        [
            f"The audit of version {report.version.name} on {report.surface} found a difference "
            "beyond the tolerance.",
            "",
            *simulated,
            "Served worse than the rest:",
            *_named(report.report.get("slices", [])),
            "",
            _to_do(report),
            f"Report: {_address(report)}",
            "",
            "Seconds are modelled, not measured.",
        ]
    )


def _to_do(report: AuditReport) -> str:
    if champion_of(report):
        return (
            "It serves people already, and goes on. A refresh on a batch balanced over these "
            "slices starts by itself. Who does not want to wait can set the surface to dry run or "
            "off, or roll back, in the admin."
        )
    return (
        "The version cannot be promoted. What to do: read the report, retrain or refresh on a "
        "batch balanced over these slices, then audit again."
    )


def _address(report: AuditReport) -> str:
    try:
        page = reverse("admin:uiengine_audits_auditreport_change", args=[report.pk])
    except NoReverseMatch:  # the host project has no admin
        return f"audit {report.pk}"
    return settings.UIENGINE_SITE_URL + page


def _is_simulated(report: AuditReport) -> bool:
    return bool(report.report.get("simulated"))


def _named(rows: Sequence[dict[str, Any]]) -> list[str]:
    worse = [r for r in rows if r["verdict"] == "exceeds" and r.get("direction") == "worse"]
    lines = [
        f"- {slice_name(row['slice'])}: {row['metric']} "
        f"{row['estimate']:+.3g} {row['unit']} (tolerance {row['tolerance']:g}; "
        f"{row['users']} people)"
        for row in worse[:MOST_NAMED]
    ]
    more = [f"- and {len(worse) - MOST_NAMED} more"] if len(worse) > MOST_NAMED else []
    return [*lines, *more] or ["- see the report"]
