"""People are mailed once when an audit *exceeds*."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.core import mail
from django.utils import timezone

from tests.webapp.audits.conftest import row
from webapp.audits.mail import reports_mail
from webapp.audits.models import AuditReport
from webapp.audits.tasks import mail as mail_task
from webapp.surfaces.models import Surface

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def operators(settings):
    settings.UIENGINE_AUDIT_EMAILS = ["ops@example.org"]
    settings.UIENGINE_SITE_URL = "https://site.example"


def test_one_mail_a_report_whatever_is_retried(report_make):
    report = report_make("exceeds", row("exceeds"), row("exceeds", "N", -0.05), row("within", "U"))
    report_make("inconclusive", row("inconclusive"))

    assert [mail_task(), mail_task(), reports_mail()] == [1, 0, 0]

    (sent,) = mail.outbox
    assert sent.bcc == ["ops@example.org"] and not sent.to
    assert "shop-0 on The shop" in sent.subject
    assert "disability Y: seconds +0.05" in sent.body and "disability N" not in sent.body
    assert (
        f"https://site.example/admin/uiengine_audits/auditreport/{report.pk}/change/" in sent.body
    )
    assert "modelled, not measured" in sent.body


def test_a_mail_denies_no_real_people_among_simulated_ones(report_make):
    report = report_make("exceeds", row("exceeds"))
    report.report["simulated"] = True
    report.save()

    reports_mail()

    assert "Some or all of the people of this audit are simulated." in mail.outbox[0].body


def test_a_line_break_in_a_title_silences_no_mail(report_make):
    report = report_make("exceeds", row("exceeds"))
    Surface.objects.filter(pk=report.surface_id).update(title="The\nshop")

    assert reports_mail() == 1

    assert "on The shop" in mail.outbox[0].subject


def test_auditors_with_an_address_are_told(report_make):
    group = Group.objects.get_or_create(name="auditor")[0]
    for name, address, active in (
        ("ann", "ann@example.org", True),
        ("gone", "gone@example.org", False),
        ("bob", "", True),
    ):
        user = User.objects.create_user(name, address, is_active=active)
        user.groups.add(group)
    report_make("exceeds", row("exceeds"))

    reports_mail()

    assert mail.outbox[0].bcc == ["ann@example.org", "ops@example.org"]


def test_a_mail_server_that_is_away_is_tried_again(report_make, settings):
    report = report_make("exceeds", row("exceeds"))
    working = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1  # a closed port
    assert reports_mail() == 0
    report.refresh_from_db()
    assert report.mailed_at is None

    settings.EMAIL_BACKEND = working
    assert reports_mail() == 1


def test_nobody_to_tell_is_said_and_old_news_are_not_sent(report_make, settings, caplog):
    report = report_make("exceeds", row("exceeds"))
    settings.UIENGINE_AUDIT_EMAILS = []
    assert reports_mail() == 0
    assert "set AUDIT_EMAILS" in caplog.text

    settings.UIENGINE_AUDIT_EMAILS = ["ops@example.org"]
    old = timezone.now() - timedelta(days=8)
    AuditReport.objects.filter(pk=report.pk).update(created_at=old)
    assert reports_mail() == 0 and not mail.outbox
