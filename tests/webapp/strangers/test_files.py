"""Damaged files of visits and people are imported completely or not at all."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.ml.test_strangers import CHANGES, PEOPLE, VISITS, spoilt
from webapp.subjects.imports.jobs import import_file
from webapp.subjects.models import PersonalAttributes, Profile, Subject, Visit
from webapp.surfaces.models import Surface

KEPT = (Surface, Subject, Profile, Visit, PersonalAttributes)


def rows() -> list[int]:
    return [model.objects.count() for model in KEPT]


@pytest.mark.django_db
@settings(max_examples=40, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(visits=CHANGES | st.just([]), people=CHANGES | st.just([]), strict=st.booleans())
def test_a_spoilt_file_is_imported_whole_or_not_at_all(tmp_path, visits, people, strict):
    (tmp_path / "visits.csv").write_bytes(spoilt(VISITS.encode(), visits))
    (tmp_path / "people.csv").write_bytes(spoilt(PEOPLE.encode(), people))
    before = rows()
    try:
        done = import_file(
            str(tmp_path / "visits.csv"), people=str(tmp_path / "people.csv"), strict=strict
        )
    except ValueError as error:  # ml.data.DataError
        assert error.problems and rows() == before
    else:
        assert rows()[3] - before[3] == done["visits"] and not (strict and done["skipped"])


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("visits", "people", "field"),
    [
        (VISITS.replace(",7,", ",a\x00b,"), PEOPLE, "user"),
        (VISITS.replace(",7,", f",{'x' * 196},"), PEOPLE, "user"),
        (VISITS, PEOPLE.replace(",f", ",\x00"), "gender"),
        (VISITS, PEOPLE.replace("gender", "gen\x07der"), "columns"),
    ],
)
def test_what_a_database_cannot_keep_is_named_before_anything_is_written(
    tmp_path, visits, people, field
):
    (tmp_path / "visits.csv").write_text(visits)
    (tmp_path / "people.csv").write_text(people)

    with pytest.raises(ValueError, match="control characters") as refused:
        import_file(str(tmp_path / "visits.csv"), people=str(tmp_path / "people.csv"))

    (problem,) = refused.value.problems
    assert problem.field == field and problem.value
    assert rows() == [0] * len(KEPT)
