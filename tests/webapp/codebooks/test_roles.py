"""Groups: what each may do, and that an auditor sees aggregates and never rows of people."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, User
from django.urls import reverse
from django_celery_beat.models import PeriodicTask

from tests.webapp.codebooks.conftest import judged
from webapp.audits.models import AuditReport
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
        ("surface owner", {"retrain"}),
        ("codebook manager", {"retrain", "promote", "rollback", "gate"}),
        ("auditor", {"retrain", "audit"}),
    ],
)
def test_each_role_may_do_its_part(enter, version, course, role, allowed):
    report = AuditReport.objects.create(
        surface=course, version=version, verdict="inconclusive", report={}
    )
    pages = {
        "retrain": ("surfaces_surface_retrain", course.pk),
        "promote": ("codebooks_codebookversion_promote", version.pk),
        "rollback": ("surfaces_surface_rollback", course.pk),
        "gate": ("codebooks_gatereport_acknowledge", judged(version, course, "unclear").pk),
        "audit": ("audits_auditreport_acknowledge", report.pk),
    }
    person = enter(role)

    answers = {
        name: person.get(reverse(f"admin:{page}", args=[pk])).status_code
        for name, (page, pk) in pages.items()
    }

    assert {name for name, code in answers.items() if code == 200} == allowed
    assert {code for name, code in answers.items() if name not in allowed} == {403}


def test_an_auditor_reads_reports_and_nobodys_rows(enter, cohort, version):
    report = AuditReport.objects.create(
        surface=cohort, version=version, verdict="within", report={}, html="<h1>Within</h1>"
    )
    subject = Subject.objects.first()
    auditor, page = enter("auditor"), reverse("admin:audits_auditreport_page", args=[report.pk])

    assert auditor.get(page).status_code == 200
    for page, args in (("subject_changelist", []), ("subject_change", [subject.pk])):
        assert auditor.get(reverse(f"admin:subjects_{page}", args=args)).status_code == 403


def test_an_acknowledgement_of_the_gate_names_the_person(enter, version, course):
    report = judged(version, course, "unclear")
    page = reverse("admin:codebooks_gatereport_acknowledge", args=[report.pk])

    enter("codebook manager").post(page, {"why": "seven people"})

    report.refresh_from_db()
    assert report.acknowledgement == "ada: seven people"


def test_schedules_are_rows_that_an_admin_may_re_time():
    tasks = set(PeriodicTask.objects.values_list("task", flat=True))

    assert tasks >= {
        *("codebooks.retrain_all", "audits.audit_all", "codebooks.sweep"),
        *("codebooks.guard", "codebooks.shadow"),
    }
