from __future__ import annotations

import json
import re

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.core.exceptions import ValidationError
from django.urls import reverse

from tests.webapp.codebooks.conftest import COURSE, judged
from webapp.audits.models import AuditReport
from webapp.codebooks.gate import promotion as gate
from webapp.codebooks.models import Alias, AliasMove, Pipeline, Rollout, Run
from webapp.codebooks.pipeline.order import pipeline_request
from webapp.codebooks.registry.aliases import version_promote
from webapp.subjects.models import PersonalAttributes, Subject
from webapp.surfaces.models import Surface

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(admin_client):
    return admin_client


@pytest.fixture
def colleague(client):
    """Staff who may view everything and change nothing."""
    user = User.objects.create_user("colleague", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    client.force_login(user)
    return client


def report_of(version, surface, verdict="within") -> AuditReport:
    return AuditReport.objects.create(
        surface=surface,
        version=version,
        verdict=verdict,
        report={"verdict": verdict},
        html="<h1>As written</h1>",
    )


def form_of(surface: Surface, **changes):
    data = {"slug": surface.slug, "title": surface.title, "mode": "live", "visit_minutes": 30}
    data |= {"control_percent": 5, "event_days": 90, "decision_days": 90, "idle_days": 730}
    return {**data, "definition": json.dumps(surface.definition), **changes}


def change(surface: Surface) -> str:
    return reverse("admin:uiengine_surfaces_surface_change", args=[surface.pk])


def test_what_a_field_asks_for_is_told_to_screen_readers(owner, cohort, version):
    for step in ("promote", "challenge"):
        name = f"admin:uiengine_codebooks_codebookversion_{step}"
        page = owner.get(reverse(name, args=[version.pk])).content.decode()
        named = re.findall(r'aria-describedby="([^" ]+)', page)
        assert len(named) >= 2
        assert [one for one in named if f'id="{one}"' not in page] == []


def test_rolling_back_where_nothing_serves_says_so_and_what_to_do(owner, course):
    page = owner.post(f"/admin/uiengine_surfaces/surface/{course.pk}/rollback/", {"why": "x"})
    told = page.content.decode()
    assert "has no earlier champion to go back to. Promote a version instead." in told
    assert "This field is required" not in told


def test_pages_are_headed_by_names_and_not_by_numbers_of_rows(owner, cohort, version):
    line, _ = pipeline_request(kind=Pipeline.Kind.RETRAIN, surface=cohort)
    for found, heads in (
        (line, f"retrain {line.pk} of {cohort.slug}: "),
        (line.runs.get(), f"collect of {cohort.slug}: "),
        (judged(version, cohort), f"passed: {version.name} for {cohort.slug}"),
        (report_of(version, cohort), f"within: {version.name}, "),
    ):
        name = f"admin:{found._meta.app_label}_{found._meta.model_name}_change"
        page = owner.get(reverse(name, args=[found.pk])).content.decode()
        assert heads in page.split("<h2>")[1].split("</h2>")[0]


def test_every_page_opens(owner, cohort, version):
    report = report_of(version, cohort)
    line, _ = pipeline_request(kind=Pipeline.Kind.RETRAIN, surface=cohort)
    run = Run.objects.get(pipeline=line)
    gate = judged(version, cohort)
    subject = Subject.objects.first()
    assert subject
    pages = {
        "uiengine_surfaces_surface": cohort.pk,
        "uiengine_codebooks_codebookversion": version.pk,
        "uiengine_codebooks_run": run.pk,
        "uiengine_codebooks_pipeline": line.pk,
        "uiengine_codebooks_gatereport": gate.pk,
        "uiengine_audits_auditreport": report.pk,
        "uiengine_subjects_subject": subject.pk,
    }

    for name, pk in pages.items():
        assert owner.get(reverse(f"admin:{name}_changelist")).status_code == 200
        assert owner.get(reverse(f"admin:{name}_change", args=[pk])).status_code == 200
    for name in ("aliasmove", "rollout", "guardwindow", "agreement"):
        assert owner.get(reverse(f"admin:uiengine_codebooks_{name}_changelist")).status_code == 200


def test_an_edit_of_the_definition_raises_the_revision(owner, course):
    changed = {**course.definition, "row_height": 100}

    owner.post(change(course), form_of(course, definition=json.dumps(changed)))

    course.refresh_from_db()
    assert (course.definition["row_height"], course.revision) == (100, 2)


def test_an_edit_of_the_title_does_not(owner, course):
    owner.post(change(course), form_of(course, title="Another"))

    course.refresh_from_db()
    assert (course.title, course.revision) == ("Another", 1)


def test_a_malformed_definition_names_the_field(owner, course):
    changed = {**course.definition, "row_height": -1}

    page = owner.post(change(course), form_of(course, definition=json.dumps(changed)))

    assert "row_height: is not in range (got -1)" in page.content.decode()


def test_rules_that_clash_are_refused_with_the_blocks(owner, course):
    blocks = [dict(block) for block in COURSE["blocks"]]
    blocks[1] = {**blocks[1], "pinned": blocks[0]["pinned"]}
    changed = json.dumps({**course.definition, "blocks": blocks})

    page = owner.post(change(course), form_of(course, definition=changed))

    text = page.content.decode()
    assert "No layout keeps" in text and "announcements" in text and "content" in text
    course.refresh_from_db()
    assert course.revision == 1


def test_the_definition_is_shown_as_the_fixtures_are_written(owner, course):
    page = owner.get(change(course)).content.decode()

    assert "{&quot;default&quot;: [4, 3], &quot;min&quot;: [4, 2], &quot;max&quot;: [4, 4]}" in page


def test_promoting_asks_why_then_moves_and_is_logged(owner, version, course):
    report_of(version, course)
    judged(version, course)
    url = reverse("admin:uiengine_codebooks_codebookversion_promote", args=[version.pk])
    assert owner.get(url).status_code == 200
    owner.post(url, {"surface": course.pk, "why": ""})
    assert not Alias.objects.exists()

    owner.post(url, {"surface": course.pk, "why": "it saves time"})

    assert Alias.objects.get(name="champion").version == version
    move = AliasMove.objects.filter(name="champion").get()
    assert (move.by_name, move.why) == ("admin", "it saves time")
    kept = LogEntry.objects.filter(change_message__contains="it saves time")
    assert {row.content_type.model for row in kept} == {"codebookversion", "surface"}


def test_a_rollback_names_both_versions_and_is_refused_once_stale(owner, version, course, innate):
    gate.innate_ship(folder=innate)
    version_promote(surface=course, version=version, why="better")
    url = reverse("admin:uiengine_surfaces_surface_rollback", args=[course.pk])
    page = owner.get(url)
    assert f"{version.name} serves now. innate, which served before it" in page.content.decode()
    sent = {"champion": page.context["form"]["champion"].value(), "why": "worse"}

    owner.post(url, sent)
    again = owner.post(url, sent)

    assert "is served by innate by now" in again.content.decode()
    assert AliasMove.objects.filter(is_rollback=True).count() == 1
    assert Alias.objects.get(name="champion").version.name == "innate"


def test_a_refused_promotion_says_what_to_do(owner, version, course):
    url = reverse("admin:uiengine_codebooks_codebookversion_promote", args=[version.pk])

    page = owner.post(url, {"surface": course.pk, "why": "now"})

    assert "was not audited" in page.content.decode()


def test_a_colleague_may_look_but_not_move(colleague, version, course):
    report = report_of(version, course, "inconclusive")
    assert colleague.get(change(course)).status_code == 200
    for name, pk in (
        ("uiengine_codebooks_codebookversion_promote", version.pk),
        ("uiengine_surfaces_surface_rollback", course.pk),
        ("uiengine_surfaces_surface_retrain", course.pk),
        ("uiengine_surfaces_surface_audit", course.pk),
        ("uiengine_surfaces_surface_refresh", course.pk),
        ("uiengine_surfaces_surface_unchallenge", course.pk),
        ("uiengine_codebooks_codebookversion_challenge", version.pk),
        ("uiengine_codebooks_gatereport_acknowledge", judged(version, course, "unclear").pk),
        ("uiengine_audits_auditreport_acknowledge", report.pk),
    ):
        answer = colleague.post(reverse(f"admin:{name}", args=[pk]), {"why": "mine"})
        assert answer.status_code == 403, name


def test_an_address_that_is_no_number_leads_back_as_django_does(owner, version):
    assert owner.get("/admin/uiengine_codebooks/codebookversion/abc/change/").status_code == 302


def test_a_rollout_has_limits(course):
    with pytest.raises(ValidationError) as caught:
        Rollout(surface=course, cooldown_minutes=2**31 - 1, most_seconds=-1).full_clean()
    assert set(caught.value.message_dict) == {"cooldown_minutes", "most_seconds"}


def test_a_stranger_sees_nothing(client, version, course):
    report = report_of(version, course)

    for name in ("uiengine_audits_auditreport_page", "uiengine_audits_auditreport_json"):
        answer = client.get(reverse(f"admin:{name}", args=[report.pk]))
        assert answer.status_code == 302 and "/login/" in answer.url


def test_staff_without_the_permission_do_not_read_reports(client, version, course):
    report = report_of(version, course)
    client.force_login(User.objects.create_user("staff", is_staff=True))

    assert (
        client.get(reverse("admin:uiengine_audits_auditreport_page", args=[report.pk])).status_code
        == 403
    )


def test_retraining_twice_asks_once(owner, course):
    url = reverse("admin:uiengine_surfaces_surface_retrain", args=[course.pk])

    owner.post(url)
    page = owner.post(url, follow=True)

    assert Pipeline.objects.get().asked_by == "admin"
    assert "has a retrain under way already" in page.content.decode()


def test_an_audit_asked_for_twice_is_asked_for_once_and_the_page_says_how_far_it_is(owner, course):
    url = reverse("admin:uiengine_surfaces_surface_audit", args=[course.pk])

    owner.post(url)
    Run.objects.update(progress=0.4)
    page = owner.post(url, follow=True)

    assert Run.objects.count() == 1
    assert "is under way already (queued, 40%)" in page.content.decode()


def test_a_report_is_shown_without_scripts_and_downloads_as_json(owner, version, course):
    report = report_of(version, course)

    page = owner.get(reverse("admin:uiengine_audits_auditreport_page", args=[report.pk]))
    data = owner.get(reverse("admin:uiengine_audits_auditreport_json", args=[report.pk]))

    assert page.content == b"<h1>As written</h1>"
    assert "default-src 'none'" in page["Content-Security-Policy"]
    assert page["X-Frame-Options"] == "SAMEORIGIN"
    assert data.json() == {"verdict": "within"}
    assert "audit-" in data["Content-Disposition"]


def test_an_acknowledgement_names_the_person(owner, version, course):
    report = report_of(version, course, "inconclusive")
    url = reverse("admin:uiengine_audits_auditreport_acknowledge", args=[report.pk])

    owner.post(url, {"why": "36 people are too few to tell"})

    report.refresh_from_db()
    assert report.acknowledged_by and report.acknowledged_by.username == "admin"
    assert report.acknowledgement == "admin: 36 people are too few to tell"


def test_who_acknowledged_first_stays(owner, version, course):
    audit = report_of(version, course, "inconclusive")
    gate = judged(version, course, "unclear")
    for report, page in ((audit, "audits_auditreport"), (gate, "codebooks_gatereport")):
        url = reverse(f"admin:uiengine_{page}_acknowledge", args=[report.pk])
        owner.post(url, {"why": "a small site"})
        again = owner.post(url, {"why": "another reason"})

        assert "acknowledged it before, and stays" in again.content.decode()
        report.refresh_from_db()
        assert report.acknowledgement == "admin: a small site"


def test_nobody_reads_a_persons_attributes(owner, cohort):
    row = PersonalAttributes.objects.select_related("subject").filter(values__gender="F").first()
    assert row
    page = owner.get(reverse("admin:uiengine_subjects_subject_change", args=[row.subject.pk]))

    text = page.content.decode()
    assert "gender" not in text and "age_band" not in text
    assert owner.get("/admin/uiengine_subjects/personalattributes/").status_code == 404


def test_a_failed_run_is_asked_for_again(owner, course):
    failed = Run.objects.create(kind="retrain", surface=course, key="k", state="failed")

    data = {"action": "ask_again", "_selected_action": [failed.pk]}
    owner.post(reverse("admin:uiengine_codebooks_run_changelist"), data)

    assert Run.objects.filter(state="queued").count() == 1


def test_a_refused_promotion_links_every_blocker_and_the_way_on(owner, version, course):
    audit = report_of(version, course, "inconclusive")
    gate = judged(version, course, "unclear")
    ways = [
        reverse("admin:uiengine_audits_auditreport_acknowledge", args=[audit.pk]),
        reverse("admin:uiengine_codebooks_gatereport_acknowledge", args=[gate.pk]),
    ]
    report = reverse("admin:uiengine_codebooks_gatereport_change", args=[gate.pk])
    assert ways[1] in owner.get(report).content.decode()
    url = reverse("admin:uiengine_codebooks_codebookversion_promote", args=[version.pk])

    page = owner.post(url, {"surface": course.pk, "why": "now"}).content.decode()

    assert [f'href="{way}"' in page for way in ways] == [True, True]
    assert "--acknowledge" not in page
    for way in ways:
        owner.post(way, {"why": "few people"}, follow=True)
    assert ways[1] not in owner.get(report).content.decode()
    owner.post(url, {"surface": course.pk, "why": "now"})
    assert Alias.objects.get(name="champion").version == version


def test_a_step_links_its_report(owner, version, course):
    line, _ = pipeline_request(kind=Pipeline.Kind.JUDGE, surface=course)
    gate = judged(version, course)
    Run.objects.create(
        kind="gate",
        surface=course,
        pipeline=line,
        key="g",
        state="done",
        result={"report": gate.pk},
    )

    page = owner.get(
        reverse("admin:uiengine_codebooks_pipeline_change", args=[line.pk])
    ).content.decode()

    assert f'href="{reverse("admin:uiengine_codebooks_gatereport_change", args=[gate.pk])}"' in page
