"""Damaged page definitions are saved completely, or refused by field with the next step."""

from __future__ import annotations

import copy

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.evidence.malformed import JUNK, places
from tests.webapp.conftest import COURSE
from uiengine.errors import SurfaceError
from webapp.surfaces import mappers
from webapp.surfaces.models import Surface
from webapp.surfaces.services import surface_save

NUMBERS = st.sampled_from([0, 1, -1, 24, 120, 200, 201, 2**31 - 1, 2**31, 2**53, 1.0, 1.5])
VALUES = st.sampled_from(JUNK) | NUMBERS | st.text(max_size=3)
MORE = st.sampled_from(["revision", "mode", "control_percent", "title", "row_height", "groups"])


@pytest.mark.django_db
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_a_spoilt_page_is_saved_whole_or_refused_by_field(data):
    page = copy.deepcopy(COURSE)
    for _ in range(data.draw(st.integers(1, 3))):
        if data.draw(st.booleans()):
            page[data.draw(MORE)] = copy.deepcopy(data.draw(VALUES))
        elif found := places(page):
            container, key = data.draw(st.sampled_from(found))
            container[key] = copy.deepcopy(data.draw(VALUES))
    before = list(Surface.objects.order_by("pk").values())
    try:
        row = surface_save(page)
    except SurfaceError as error:
        assert error.field and error.next_step
        assert list(Surface.objects.order_by("pk").values()) == before
    else:
        kept = Surface.objects.get(pk=row.pk)
        assert mappers.to_surface(kept).slug == page["slug"] and 0 <= kept.control_percent <= 50


@pytest.mark.django_db
@pytest.mark.parametrize("data", [None, 5, "page", [], [["slug", "a"]], {}], ids=repr)
def test_what_is_no_object_is_no_page(data):
    with pytest.raises(SurfaceError):
        surface_save(data)


@pytest.mark.django_db
def test_a_revision_that_no_edit_could_raise_is_refused():
    with pytest.raises(SurfaceError, match="revision"):
        surface_save({**COURSE, "revision": 2**31 - 1})
