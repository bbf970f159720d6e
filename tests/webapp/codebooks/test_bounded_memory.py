"""A process keeps the versions and surfaces that it serves, and no earlier ones."""

from __future__ import annotations

import gc
import weakref

import pytest

from tests.webapp.codebooks.conftest import COURSE, variant
from webapp.codebooks.models import Alias
from webapp.codebooks.registry.store import version_store
from webapp.layouts.answer.read import layout_read
from webapp.lib.times import utc_now
from webapp.serving.pages import serving
from webapp.surfaces.services import surface_save

pytestmark = pytest.mark.django_db
PROMOTIONS = 20


def promoted(trained, tmp_path, course, number: int):
    """Makes another version champion, and answers somebody with it."""
    content = f"{number:012x}"
    folder = variant(trained, tmp_path / f"source-{number}", content, ["course-home"])
    version, _ = version_store(folder=folder, name=f"course-home-{number}", surfaces=[course])
    Alias.objects.update_or_create(surface=course, name="champion", defaults={"version": version})
    page = serving.page("course-home")
    layout_read(key=f"host:{number}", page=page, now=utc_now())
    assert page.version.id == content
    return page.version


def test_versions_that_serve_no_more_leave_the_memory(trained, tmp_path, course):
    kept = []
    for number in range(PROMOTIONS):
        kept.append(weakref.ref(promoted(trained, tmp_path, course, number)))
        gc.collect()

    alive = [number for number, version in enumerate(kept) if version() is not None]
    assert alive == [PROMOTIONS - 1]


def test_editions_of_a_surface_that_are_over_leave_the_memory(trained, tmp_path, course):
    promoted(trained, tmp_path, course, 0)
    for height in range(100, 110):
        surface_save({**COURSE, "row_height": height})
        page = serving.page("course-home")

    assert page.surface.row_height == 109
    assert [surface.row_height for surface in serving._parsed.values()] == [109]
