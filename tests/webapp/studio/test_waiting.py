"""The start page lists what waits for a person, with each audit on its own version."""

from __future__ import annotations

import pytest
from django.urls import reverse

from tests.webapp.codebooks.conftest import judged, variant
from webapp.audits.models import AuditReport
from webapp.codebooks.models import Alias, Pipeline, Proposal
from webapp.codebooks.registry.store import version_store
from webapp.studio.health import surfaces
from webapp.studio.waiting import waiting

pytestmark = pytest.mark.django_db


def audited(version, surface, verdict, **more):
    return AuditReport.objects.create(
        surface=surface, version=version, verdict=verdict, report={}, **more
    )


@pytest.fixture
def champion(version, course):
    Alias.objects.create(surface=course, name="champion", version=version)
    return version


@pytest.fixture
def other(champion, trained, tmp_path, course):
    folder = variant(trained, tmp_path / "other", "eeeeeeeeeeee", ["course-home"])
    return version_store(folder=folder, name="course-home-2", surfaces=[course])[0]


def test_the_audit_beside_the_champion_is_its_own(owner, champion, other, course):
    own = audited(champion, course, "within")
    newer = audited(other, course, "exceeds")

    (row,) = surfaces()
    page = owner.get("/admin/").content.decode()

    assert (row.verdict_id, row.verdict) == (own.pk, "within")
    assert (row.other_id, row.other_version) == (newer.pk, "course-home-2")
    assert "Another version, course-home-2" in page


def test_nothing_waits_where_all_is_well(admin_user, owner, champion, course):
    audited(champion, course, "within")

    assert waiting(admin_user) == []
    assert "Needs attention" not in owner.get("/admin/").content.decode()


def test_each_thing_that_waits_is_listed_with_a_link(
    admin_user, owner, champion, other, course, settings
):
    settings.UIENGINE_AUDIT_EMAILS = []
    exceeds = audited(champion, course, "exceeds")
    unclear = audited(other, course, "inconclusive")
    gate = judged(other, course, "unclear")
    line = Pipeline.objects.create(kind="retrain", surface=course, key="k", state="held")
    Proposal.objects.create(surface=course, version=other, by_name="ada", why="good")
    wanted = {
        reverse("admin:uiengine_audits_auditreport_change", args=[exceeds.pk]): "bad",
        reverse("admin:uiengine_audits_auditreport_changelist") + "?verdict__exact=exceeds": "bad",
        reverse("admin:uiengine_audits_auditreport_change", args=[unclear.pk]): "look",
        reverse("admin:uiengine_codebooks_gatereport_change", args=[gate.pk]): "look",
        reverse("admin:uiengine_codebooks_pipeline_change", args=[line.pk]): "look",
        reverse("admin:uiengine_codebooks_codebookversion_promote", args=[other.pk]): "look",
    }

    assert {item.address: item.state for item in waiting(admin_user)} == wanted
    page = owner.get("/admin/").content.decode()
    assert all(f'href="{address}"' in page for address in wanted)
    assert "6 things wait" in page and "Needs attention" in page
    assert "6 things wait" in owner.get("/admin/studio/health/").content.decode()


def test_nobody_is_asked_for_a_name_that_would_not_help(admin_user, champion, other, course):
    """A failed gate stops the version whatever is said of its audit; the pipeline says why."""
    audited(other, course, "inconclusive")
    judged(other, course, "failed")
    said = "Held: churn failed: " + "moves blocks " * 60
    Pipeline.objects.create(
        kind="retrain", surface=course, version=other, key="k", state="held", outcome=said
    )

    (item,) = waiting(admin_user)

    assert item.label.startswith("Pipeline") and "churn failed" in item.says
    assert item.says.endswith(" blocks…") or item.says.endswith(" moves…")


def test_what_was_dealt_with_waits_no_longer(admin_user, champion, other, course, settings):
    settings.UIENGINE_AUDIT_EMAILS = ["ada@example.org"]
    audited(champion, course, "exceeds")
    audited(champion, course, "within")
    for state in ("failed", "done"):
        Pipeline.objects.create(kind="retrain", surface=course, key=state, state=state)
    gate = judged(other, course, "unclear")
    assert len(waiting(admin_user)) == 1

    gate.acknowledged_at = gate.created_at
    gate.save()

    assert waiting(admin_user) == []


def test_who_may_see_nothing_is_told_nothing(stranger, champion, course):
    audited(champion, course, "exceeds")

    assert "Waiting for you" not in stranger.get("/admin/").content.decode()
