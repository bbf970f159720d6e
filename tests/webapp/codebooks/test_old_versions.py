"""Versions that will not serve again lose their files, their marks and the rows of their making."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.storage import storages

from tests.webapp.codebooks.conftest import judged, variant
from uiengine.errors import VersionError
from webapp.codebooks.gate.clearance import BlockedError
from webapp.codebooks.gate.promotion import champion_set, innate_ship
from webapp.codebooks.gate.rollout import challenger_set
from webapp.codebooks.models import CodebookVersion, Pipeline, Run
from webapp.codebooks.registry.aliases import champion_before, version_promote
from webapp.codebooks.registry.old_versions import (
    KEPT,
    MOST_BACK,
    pipelines_delete,
    versions_remove,
)
from webapp.codebooks.registry.store import version_store
from webapp.codebooks.registry.training_record import trained_versions, training_record
from webapp.lib.times import utc_now

pytestmark = pytest.mark.django_db(transaction=True)
LATER = KEPT + timedelta(days=1)


@pytest.fixture
def make(trained, tmp_path, course):
    """Stores another version for the course, as a pipeline with its training marks does."""

    def make(number: int):
        folder = variant(trained, tmp_path / f"v{number}", f"{number:012x}", ["course-home"])
        version, _ = version_store(folder=folder, name=f"v{number}", surfaces=[course])
        line = Pipeline.objects.create(
            kind="retrain",
            surface=course,
            version=version,
            key=f"p{number}",
            state="held",
            finished_at=utc_now(),
        )
        run = Run.objects.create(
            kind="collect", surface=course, pipeline=line, version=version, key=f"r{number}"
        )
        training_record(run=run, keys=["file:ada"])
        return version

    return make


def has_files(version: CodebookVersion) -> bool:
    return Path(storages["artefacts"].path(version.folder)).is_dir()


def later():
    return utc_now() + LATER


def test_a_version_that_never_served_goes_with_its_files_marks_and_pipeline(make, course):
    version = make(1)
    assert versions_remove(now=utc_now()) == [] and has_files(version)

    assert versions_remove(now=later()) == ["v1"]

    version.refresh_from_db()
    assert version.status == "removed" and not has_files(version)
    assert trained_versions("file:ada") == []
    assert pipelines_delete(now=later()) == 1 and not Run.objects.exists()
    with pytest.raises(BlockedError, match="was removed: its files are deleted"):
        champion_set(version=version, surface=course, why="test")
    assert versions_remove(now=later()) == []


def test_what_serves_and_what_it_may_be_rolled_back_to_stays(make, innate, course):
    innate_ship(folder=innate)
    versions = [make(number) for number in range(MOST_BACK + 4)]
    for version in versions[:-1]:
        version_promote(surface=course, version=version, why="test", by_name="test")
    challenger_set(version=versions[-1], surface=course, share=0, why="test", by_name="test")

    removed = versions_remove(now=later())

    # Champions were v0 to v7: v7 serves, v2 to v6 are the last MOST_BACK. v8 challenges.
    assert removed == ["v1", "v0"]
    assert [has_files(version) for version in versions] == [False, False, *[True] * 7]
    assert pipelines_delete(now=later()) == 2
    assert champion_before(course, versions[7]) == versions[6]


def test_a_rollback_passes_over_a_version_without_files(make, course):
    first, second, third = make(1), make(2), make(3)
    for version in (first, second, third):
        version_promote(surface=course, version=version, why="test", by_name="test")
    CodebookVersion.objects.filter(pk=second.pk).update(status="removed")

    assert champion_before(course, third) == first


def test_the_same_content_made_anew_has_its_files_again(make, trained, tmp_path, course):
    version = make(1)
    versions_remove(now=later())

    again, is_new = version_store(folder=tmp_path / "v1", name="other", surfaces=[course])

    assert (again.pk, is_new, again.status) == (version.pk, False, "trained")
    assert has_files(version)
    judged(again, course)


def test_a_removed_version_cannot_be_shown_to_anybody(make, course, innate):
    innate_ship(folder=innate)
    version = make(1)
    versions_remove(now=later())

    with pytest.raises((VersionError, BlockedError)):
        challenger_set(version=version, surface=course, share=0, why="test", by_name="test")
