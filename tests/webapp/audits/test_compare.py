"""Comparing two reports, and downloading reports as files."""

from __future__ import annotations

from datetime import UTC

import pytest
from django.contrib.auth.models import User

from tests.webapp.audits.conftest import row
from webapp.audits.compare import compare

pytestmark = pytest.mark.django_db
PAGE = "/admin/uiengine_audits/auditreport/compare/"


def test_verdicts_that_differ_come_first_the_worst_of_them_on_top(report_make):
    older = report_make("within", row("within"), row("within", "N"), row("inconclusive", "U"))
    newer = report_make("exceeds", row("inconclusive", "N"), row("exceeds"), row("within", "new"))

    found = compare(newer, older)

    assert (found.left, found.right) == (older, newer)
    assert [pair.slice for pair in found.changed] == [
        "disability Y on shop",
        "disability N on shop",
    ]
    assert [p.slice for p in found.single] == ["disability U on shop", "disability new on shop"]
    assert found.single[0].cells[1]["text"] == "not in this report"
    assert found.same == []


def test_the_page_compares_the_latest_two_and_any_two(report_make, admin_client):
    first, second = report_make("within", row("within")), report_make("exceeds", row("exceeds"))
    third = report_make("exceeds", row("exceeds"))

    latest = admin_client.get(PAGE).context["found"]
    assert (latest.left, latest.right) == (second, third)
    page = admin_client.get(PAGE, {"left": first.pk, "right": third.pk})
    assert page.context["found"].left == first
    assert "Verdicts that differ (1)" in page.content.decode()

    data = {"action": "compare_chosen", "_selected_action": [first.pk, second.pk]}
    answer = admin_client.post("/admin/uiengine_audits/auditreport/", data)
    assert answer.status_code == 302 and "compare/?left=" in answer.url


def test_one_report_alone_is_said_to_be_too_few(report_make, admin_client):
    report_make("within", row("within"))

    assert "Two reports are needed" in admin_client.get(PAGE).content.decode()


def test_a_report_downloads_as_html(report_make, admin_client):
    report = report_make("within", row("within"))

    answer = admin_client.get(f"/admin/uiengine_audits/auditreport/{report.pk}/report.html")

    assert answer.content == b"<h1>As it is</h1>"
    assert answer["Content-Disposition"] == f'attachment; filename="audit-{report.pk}.html"'


def test_staff_without_the_permission_do_not_compare(report_make, client):
    report = report_make("within", row("within"))
    client.force_login(User.objects.create_user("staff", is_staff=True))

    assert client.get(PAGE).status_code == 403
    assert (
        client.get(f"/admin/uiengine_audits/auditreport/{report.pk}/report.html").status_code == 403
    )


def test_what_is_called_utc_is_utc_wherever_the_host_is(report_make, admin_client, settings):
    settings.TIME_ZONE = "America/Sao_Paulo"
    report = report_make("within", row("within"))
    report_make("within", row("within"))
    at = f"{report.created_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"

    assert at in admin_client.get(PAGE).content.decode()
