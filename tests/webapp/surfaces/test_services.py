"""Saving surfaces and counting popularity."""

from __future__ import annotations

import copy

import pytest
from django.core.exceptions import ValidationError

from tests.webapp.conftest import COURSE
from uiengine.errors import SurfaceError
from uiengine.explain import people_lately
from webapp.surfaces import mappers
from webapp.surfaces.models import PopularityDay, Surface
from webapp.surfaces.services import CountedVisit, popularity_add, surface_save

pytestmark = pytest.mark.django_db


def test_an_edit_raises_the_revision_and_a_repetition_does_not():
    assert surface_save(COURSE).revision == COURSE.get("revision", 1)
    again = surface_save(COURSE)
    assert again.revision == COURSE.get("revision", 1)
    edited = copy.deepcopy(COURSE)
    edited["blocks"][1]["title"] = "Another title"

    assert surface_save(edited).revision == again.revision + 1
    assert Surface.objects.count() == 1


def test_a_mistake_is_named_and_nothing_is_saved():
    broken = copy.deepcopy(COURSE)
    broken["blocks"][0]["id"] = "no spaces allowed"

    with pytest.raises(SurfaceError, match=r"blocks\[0\]\.id"):
        surface_save(broken)

    assert not Surface.objects.exists()


def test_rules_that_no_layout_keeps_are_named_and_nothing_is_saved():
    clashing = copy.deepcopy(COURSE)
    cells = {at["name"]: [0, 0] for at in COURSE["breakpoints"]}
    for place in (2, 3):
        clashing["blocks"][place]["pinned"] = cells
    one, other = (clashing["blocks"][place]["id"] for place in (2, 3))

    with pytest.raises(SurfaceError, match=f"pinned_stay and no_overlap: '{one}' and '{other}'"):
        surface_save(clashing)

    assert not Surface.objects.exists()
    row = surface_save(COURSE)
    row.definition = {k: v for k, v in clashing.items() if k in row.definition}
    with pytest.raises(ValidationError, match="pinned_stay and no_overlap"):
        row.full_clean()


def test_the_admin_refuses_a_definition_that_cannot_be_served():
    row = surface_save(COURSE)
    row.definition = {**row.definition, "breakpoints": []}

    with pytest.raises(ValidationError, match="breakpoints"):
        row.full_clean()


def test_a_row_and_its_engine_value_agree():
    surface = mappers.to_surface(surface_save(COURSE))

    assert surface.slug == COURSE["slug"]
    assert [b.id for b in surface.blocks] == [b["id"] for b in COURSE["blocks"]]


def test_popularity_is_of_the_days_before():
    row = surface_save(COURSE)
    popularity_add(row.pk, 100, [CountedVisit(0, {"forum"}), CountedVisit(3, {"forum", "quiz"})])
    popularity_add(row.pk, 100, [CountedVisit(2, {"quiz"})])
    popularity_add(row.pk, 101, [CountedVisit(0, {"glossary"})])
    days = PopularityDay.objects.all()

    found = mappers.to_popularity(days, 101)

    assert found.shares == {"forum": (1.5,) * 3, "quiz": (1.5,) * 3}
    assert found.newcomers == {"forum": (1.0,) * 3, "quiz": (1.0,) * 3}
    assert found.visits == (3.0,) * 3
    assert mappers.to_popularity(days, 100).shares == {}
    assert set(mappers.to_popularity(days, 102).shares) == {"forum", "quiz", "glossary"}


def test_people_are_counted_once_a_period():
    row = surface_save(COURSE)
    popularity_add(row.pk, 28, [CountedVisit(0, {"forum"}, True), CountedVisit(1, {"quiz"})])
    popularity_add(row.pk, 30, [CountedVisit(0, {"forum"}, True)])
    popularity_add(row.pk, 56, [CountedVisit(2, {"forum"}, True)])
    days = PopularityDay.objects.all()

    lately = [people_lately(mappers.to_popularity(days, day), day) for day in (28, 29, 31, 60, 90)]

    assert lately == [0, 1, 2, 2, 1]


@pytest.mark.parametrize(
    ("field", "value"), [("control_percent", 500), ("control_percent", "abc"), ("title", "x" * 300)]
)
def test_columns_out_of_bounds_are_named(field, value):
    with pytest.raises(SurfaceError) as refused:
        surface_save({**COURSE, field: value})
    assert refused.value.field == field


def test_breakpoints_of_one_width_are_refused():
    first, second, *others = COURSE["breakpoints"]
    twin = {**second, "min_width": first["min_width"]}

    with pytest.raises(SurfaceError) as refused:
        surface_save({**COURSE, "breakpoints": [first, twin, *others]})

    assert refused.value.field == "breakpoints[1].min_width"
    assert second["name"] in str(refused.value) and first["name"] in str(refused.value)


def test_who_read_an_older_revision_overwrites_nothing():
    row = surface_save(COURSE)
    surface_save({**COURSE, "row_height": 90}, read_revision=row.revision)

    with pytest.raises(SurfaceError) as refused:
        surface_save({**COURSE, "row_height": 70}, read_revision=row.revision)

    assert refused.value.field == "revision"
    assert Surface.objects.get(slug=row.slug).definition["row_height"] == 90
