"""An audit of a site compares by all attributes of its people, but for what is no category."""

from __future__ import annotations

import json

import pytest
from django.core.management import call_command

from tests.webapp.codebooks.conftest import cohort, course, innate, trained, var  # noqa: F401
from webapp.audits.models import AuditReport
from webapp.codebooks.gate import promotion
from webapp.subjects.attributes import attributes_known
from webapp.subjects.models import PersonalAttributes

pytestmark = pytest.mark.django_db


def test_what_one_person_has_hides_nothing_that_others_have(cohort, innate, capsys):  # noqa: F811
    promotion.innate_ship(folder=innate)
    rows = list(PersonalAttributes.objects.order_by("pk"))
    for number, row in enumerate(rows):
        row.values = {"region": ["north", "North "][number % 2], "income": str(number)}
    rows[0].values["gender"] = "F"
    PersonalAttributes.objects.bulk_update(rows, ["values"])
    assert set(attributes_known(cohort)) == {"region", "income", "gender"}

    call_command("audit", surface="course-home")

    assert json.loads(capsys.readouterr().out.splitlines()[-1])["reports"]
    report = AuditReport.objects.get()
    assert set(report.attributes) == {"region", "gender"}
    assert [one["attribute"] for one in report.report["left_out"]] == ["income"]
    region = {
        r["slice"]["region"] for r in report.report["slices"] if list(r["slice"]) == ["region"]
    }
    assert region - {"unknown"} in ({"north"}, {"North"})
