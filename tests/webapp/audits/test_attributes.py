"""An audit of a site compares by all attributes of its people, but for what is no category."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from django.core.management import call_command
from django.db.models import Max

from tests.webapp.codebooks.conftest import cohort, course, innate, trained, var  # noqa: F401
from webapp.audits.models import AuditReport
from webapp.codebooks.gate import promotion
from webapp.subjects.attributes import attributes_known
from webapp.subjects.models import GoalEvent, PersonalAttributes, Visit
from webapp.surfaces.models import Goal, Surface

pytestmark = pytest.mark.django_db


def test_what_one_person_has_hides_nothing_that_others_have(cohort, innate, capsys):  # noqa: F811
    promotion.innate_ship(folder=innate)
    rows = list(PersonalAttributes.objects.order_by("pk"))
    for number, row in enumerate(rows):
        row.values = {"region": ["north", "North "][number % 2], "income": str(number)}
    rows[0].values["gender"] = "F"
    PersonalAttributes.objects.bulk_update(rows, ["values"])
    assert set(attributes_known(cohort)) == {"region", "income", "gender"}
    profiles = order_by_everybody(cohort)

    call_command("audit", surface="course-home")

    assert json.loads(capsys.readouterr().out.splitlines()[-1])["reports"]
    report = AuditReport.objects.get()
    assert set(report.attributes) == {"region", "gender"}
    assert [one["attribute"] for one in report.report["left_out"]] == ["income"]
    region = {
        r["slice"]["region"] for r in report.report["slices"] if list(r["slice"]) == ["region"]
    }
    assert region - {"unknown"} in ({"north"}, {"North"})
    goals = {
        r["slice"]["region"]: r["value"]
        for r in report.report["slices"]
        if r["metric"] == "goal:order" and list(r["slice"]) == ["region"]
    }
    assert profiles > 20 and (goals["north"] if "north" in goals else goals["North"]) == 2.0


def order_by_everybody(surface) -> int:
    """Everybody reached a goal worth 5, which counts as 2, in their last visit."""
    Surface.objects.update(event_days=36_500)
    goal = Goal.objects.create(surface=surface, name="order", title="Orders", most=2.0)
    Goal.objects.update(declared_at=datetime(2000, 1, 1, tzinfo=UTC))
    last = Visit.objects.values_list("profile").annotate(last=Max("started_at"))
    events = [
        GoalEvent(profile_id=profile, goal=goal, happened_at=at, received_at=at, value=5.0)
        for profile, at in last
    ]
    return len(GoalEvent.objects.bulk_create(events))
