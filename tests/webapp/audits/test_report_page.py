"""A report's page gives the next steps, and no page shows figures of few people."""

from __future__ import annotations

import pytest

from tests.webapp.audits.conftest import row
from webapp.audits import to_do
from webapp.audits.compare import compare
from webapp.codebooks.models import Alias, Pipeline

pytestmark = pytest.mark.django_db


def page(client, report) -> str:
    return client.get(f"/admin/uiengine_audits/auditreport/{report.pk}/change/").content.decode()


def test_a_champion_that_exceeds_shows_its_refresh_and_the_ways_out(
    report_make, admin_client, monkeypatch
):
    report = report_make("exceeds", row("exceeds"))
    told, surface = page(admin_client, report), report.surface
    assert "may not be promoted" in told
    assert f"/admin/uiengine_surfaces/surface/{surface.pk}/refresh/" in told

    Alias.objects.create(surface=surface, name=Alias.Name.CHAMPION, version=report.version)
    told = page(admin_client, report)
    assert "may not be promoted" not in told and "No refresh was started" in told
    rollback = f"/admin/uiengine_surfaces/surface/{surface.pk}/rollback/"
    assert rollback not in told, "there is no champion before"
    assert f"/admin/uiengine_surfaces/surface/{surface.pk}/refresh/" in told
    monkeypatch.setattr(to_do, "champion_before", lambda surface, version: version)
    assert rollback in page(admin_client, report)
    key = f"refresh:after-audit:{report.pk}"
    made = Pipeline.objects.create(kind=Pipeline.Kind.REFRESH, surface=surface, key=key)
    assert f"/admin/uiengine_codebooks/pipeline/{made.pk}/change/" in page(admin_client, report)


def test_an_inconclusive_audit_wants_an_acknowledgement_before_a_canary(report_make, admin_client):
    report = report_make("inconclusive", row("inconclusive"))

    told = page(admin_client, report)
    assert "before this version serves anybody, be it a canary share" in told
    assert f"/admin/uiengine_audits/auditreport/{report.pk}/acknowledge/" in told


@pytest.mark.parametrize("is_serving", [True, False])
def test_where_nobody_was_compared_nobody_waits_for_more_people(
    report_make, admin_client, is_serving
):
    report = report_make(
        "inconclusive", {**row("inconclusive"), "slice": {"attributes": "unknown"}}
    )
    if is_serving:
        Alias.objects.create(
            surface=report.surface, name=Alias.Name.CHAMPION, version=report.version
        )

    told = page(admin_client, report)
    assert "give attributes of people" in told
    assert "With more people" not in told and "with more people: the report" not in told

    report.attributes = ["disability"]
    report.save()
    assert "give attributes of people" not in page(admin_client, report)


def test_no_page_shows_figures_of_few_people_even_of_old_reports(report_make, admin_client):
    few = row("inconclusive", "55<=", estimate=0.061, users=1)
    older, newer = report_make("within", few), report_make("within", {**few, "estimate": None})

    (pair,) = compare(older, newer).pairs
    assert pair.slice == "disability 55<= (55 and over) on shop"
    assert {cell["text"] for cell in pair.cells} == {""}
    assert all(c["reason"].startswith("1 person: too few to show") for c in pair.cells)


def test_one_report_is_never_offered_against_itself(report_make, admin_client):
    only = report_make("within", row("within"))

    told = admin_client.get("/admin/uiengine_audits/auditreport/compare/", {"right": only.pk})
    assert told.context["found"] is None
    assert told.content.decode().count(" selected") == 1
    newer = report_make("within", row("within"))
    found = admin_client.get(told.wsgi_request.path, {"left": newer.pk, "right": newer.pk}).context
    assert (found["found"].left, found["found"].right) == (only, newer)
