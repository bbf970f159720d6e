"""Permissions of each group; an auditor sees aggregates and never rows of people."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, User
from django.urls import reverse
from django_celery_beat.models import PeriodicTask

from tests.webapp.codebooks.conftest import judged
from webapp.audits.models import AuditReport
from webapp.codebooks.gate.promotion import innate_ship
from webapp.codebooks.models import Alias, Rollout
from webapp.codebooks.registry.aliases import version_promote
from webapp.subjects.models import Subject

pytestmark = pytest.mark.django_db


@pytest.fixture
def enter(client):
    def enter(role):
        user = User.objects.create_user("ada", is_staff=True)
        user.groups.add(Group.objects.get(name=role))
        client.force_login(user)
        return client

    return enter


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        ("surface owner", {"ask", "trials"}),
        (
            "codebook manager",
            {"ask", "retrain", "refresh", "promote", "rollback", "gate", "trials"},
        ),
        ("auditor", {"ask", "audit", "trials"}),
    ],
)
def test_each_role_may_do_its_part(enter, version, course, role, allowed):
    report = AuditReport.objects.create(
        surface=course, version=version, verdict="inconclusive", report={}
    )
    pages = {
        "ask": ("uiengine_surfaces_surface_audit", course.pk),
        "refresh": ("uiengine_surfaces_surface_refresh", course.pk),
        "retrain": ("uiengine_surfaces_surface_retrain", course.pk),
        "promote": ("uiengine_codebooks_codebookversion_promote", version.pk),
        "rollback": ("uiengine_surfaces_surface_rollback", course.pk),
        "gate": (
            "uiengine_codebooks_gatereport_acknowledge",
            judged(version, course, "unclear").pk,
        ),
        "audit": ("uiengine_audits_auditreport_acknowledge", report.pk),
    }
    person = enter(role)

    answers = {
        name: person.get(reverse(f"admin:{page}", args=[pk])).status_code
        for name, (page, pk) in pages.items()
    }
    answers["trials"] = person.get(reverse("admin:uiengine_trials_trial_changelist")).status_code

    assert {name for name, code in answers.items() if code == 200} == allowed
    assert {code for name, code in answers.items() if name not in allowed} == {403}


def test_an_auditor_reads_reports_and_nobodys_rows(enter, cohort, version):
    report = AuditReport.objects.create(
        surface=cohort, version=version, verdict="within", report={}, html="<h1>Within</h1>"
    )
    subject = Subject.objects.first()
    auditor, page = (
        enter("auditor"),
        reverse("admin:uiengine_audits_auditreport_page", args=[report.pk]),
    )

    assert auditor.get(page).status_code == 200
    for page, args in (("subject_changelist", []), ("subject_change", [subject.pk])):
        assert auditor.get(reverse(f"admin:uiengine_subjects_{page}", args=args)).status_code == 403


def test_an_acknowledgement_of_the_gate_names_the_person(enter, version, course):
    report = judged(version, course, "unclear")
    page = reverse("admin:uiengine_codebooks_gatereport_acknowledge", args=[report.pk])

    enter("codebook manager").post(page, {"why": "seven people"})

    report.refresh_from_db()
    assert report.acknowledgement == "ada: seven people"


def test_schedules_are_rows_that_an_admin_may_re_time():
    tasks = set(PeriodicTask.objects.values_list("task", flat=True))

    assert tasks >= {
        *("codebooks.retrain_all", "audits.audit_all", "codebooks.sweep"),
        *("codebooks.guard", "codebooks.shadow"),
    }


def test_nobody_is_offered_a_step_that_they_may_not_take(enter, version, course):
    owner = enter("surface owner")
    versions = owner.get(
        reverse("admin:uiengine_codebooks_codebookversion_changelist")
    ).content.decode()
    page = owner.get(
        reverse("admin:uiengine_surfaces_surface_change", args=[course.pk])
    ).content.decode()

    assert "promote_chosen" not in versions and "compare_chosen" in versions
    assert "Audit now" in page and "Retrain now" not in page and "Refresh now" not in page


def test_steps_back_are_offered_where_there_is_something_to_go_back_from(
    enter, version, innate, course
):
    manager = enter("codebook manager")
    url = reverse("admin:uiengine_surfaces_surface_change", args=[course.pk])

    def offered() -> set[str]:
        page = manager.get(url).content.decode()
        return {step for step in ("Roll back…", "End the challenge…") if step in page}

    assert offered() == set()
    innate_ship(folder=innate)
    version_promote(surface=course, version=version, why="test", by_name="test")
    assert offered() == {"Roll back…"}
    Alias.objects.create(surface=course, name="challenger", version=version)
    assert offered() == {"Roll back…", "End the challenge…"}


def test_an_owner_cannot_lift_the_rule_of_two_people(enter, course):
    row = Rollout.objects.create(surface=course, needs_two=True)
    owner, url = (
        enter("surface owner"),
        reverse("admin:uiengine_codebooks_rollout_change", args=[row.pk]),
    )
    shown = owner.get(url).context["adminform"].form.initial
    data = {name: value for name, value in shown.items() if name != "needs_two"}

    assert owner.post(url, {**data, "canary_percent": 7}).status_code == 302

    row.refresh_from_db()
    assert (row.canary_percent, row.needs_two) == (7, True)
