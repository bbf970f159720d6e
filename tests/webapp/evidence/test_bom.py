"""The bill of materials against the published schema, and the share of its fields."""

from __future__ import annotations

import json

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from django.core.management import call_command
from hypothesis import given
from hypothesis import strategies as st

from webapp.evidence.bundle import bundle_read
from webapp.evidence.standard_fields import FIELDS, filled
from webapp.subjects.models import Profile, Subject


@pytest.fixture
def bom(bundle) -> str:
    return bundle_read(bundle)["bom.cdx.json"].decode()


@pytest.mark.django_db
def test_keeps_the_published_schema_of_cyclonedx_1_7(bom):
    assert JsonStrictValidator(SchemaVersion.V1_7).validate_str(bom) is None


@pytest.mark.django_db
def test_the_validator_refuses_what_the_schema_does_not_know(bom):
    broken = json.loads(bom)
    broken["metadata"]["component"]["modelCard"]["praise"] = "very good"
    assert JsonStrictValidator(SchemaVersion.V1_7).validate_str(json.dumps(broken)) is not None


@pytest.mark.django_db
def test_a_fairness_assessment_for_each_slice_of_the_audit(bom):
    card = json.loads(bom)["metadata"]["component"]["modelCard"]
    told = card["considerations"]["fairnessAssessments"]
    assert [one["groupAtRisk"] for one in told] == [
        "disability = Y (140 people)",
        "disability = N (140 people)",
    ]
    assert "tolerance 0.02: within" in told[0]["harms"]


@pytest.mark.django_db
def test_visits_stay_personal_data_beside_one_simulated_person(course, version, tmp_path):
    for key, source in (("file:made-up", "simulated"), ("django:1", "live")):
        subject = Subject.objects.create(key=key, source=source)
        Profile.objects.create(subject=subject, surface=course)
    path = tmp_path / "bundle.zip"
    call_command("evidence", version.name, surface=course.slug, out=path)

    bom = json.loads(bundle_read(path)["bom.cdx.json"])

    (told,) = [one["data"][0] for one in bom["components"] if one["type"] == "data"]
    assert told["classification"].startswith("personal data")


@pytest.mark.django_db
def test_fills_nine_in_ten_of_the_standard_fields(bom, settings):
    found = filled(json.loads(bom))
    assert sum(found.values()) / len(FIELDS) >= 0.9
    # What nobody knows is not made up.
    assert {name.rpartition(".")[2] for name, is_there in found.items() if not is_there} <= {
        *("supplier", "graphics", "energyConsumptions", "governance", "publisher")
    }


@given(st.sampled_from(FIELDS))
def test_a_field_counts_only_where_something_stands(name):
    """Builds a document that has the one field, and the same with nothing in it."""

    def document(leaf):
        value = leaf
        for part in reversed(name.split(".")):
            value = {part: value}
        return value

    assert [field for field, is_there in filled(document("x")).items() if is_there] == [name]
    assert not any(filled(document([])).values())
