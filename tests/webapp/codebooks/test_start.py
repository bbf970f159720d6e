"""What a retrain starts from: the champion, unless somebody it learned from was erased."""

from __future__ import annotations

import pytest

from webapp.codebooks.gate.promotion import innate_ship
from webapp.codebooks.models import Alias, Pipeline, Run
from webapp.codebooks.pipeline.lease import RefusedRunError
from webapp.codebooks.pipeline.order import pipeline_request
from webapp.codebooks.pipeline.start import Start, parent_of, start_of
from webapp.lib.times import utc_now
from webapp.subjects.models import TrainingErasure

pytestmark = pytest.mark.django_db


@pytest.fixture
def shipped(innate, course):
    """The innate version, which serves the course."""
    return innate_ship(folder=innate)


@pytest.fixture
def champion(shipped, version, course):
    Alias.objects.filter(surface=course, name="champion").update(version=version)
    return version


def erase_one(version, surface):
    line = pipeline_request(kind=Pipeline.Kind.RETRAIN, surface=surface)[0]
    line.runs.update(version=version)
    TrainingErasure.objects.create(run=line.runs.get(), subjects=1, last_at=utc_now())


def test_a_first_retrain_starts_from_the_innate_version(shipped, course):
    assert start_of(course, is_anew=False, refreshes=False) == Start(shipped, None)
    assert start_of(course, is_anew=True, refreshes=False).parent == shipped


def test_a_later_one_starts_from_the_champion_unless_asked_otherwise(shipped, champion, course):
    assert start_of(course, is_anew=False, refreshes=False) == Start(None, champion)
    assert start_of(course, is_anew=False, refreshes=False).parent == champion
    anew = start_of(course, is_anew=True, refreshes=False)
    assert anew == Start(shipped, champion) and anew.parent == shipped


def test_nothing_of_the_erased_lives_on_in_a_retrain(shipped, champion, course):
    erase_one(champion, course)

    assert start_of(course, is_anew=False, refreshes=False) == Start(shipped, champion)


def test_a_refresh_starts_from_whatever_serves(shipped, course):
    assert start_of(course, is_anew=False, refreshes=True) == Start(None, shipped)


def test_an_erasure_meanwhile_keeps_the_version_from_being_registered(champion, course):
    erase_one(champion, course)
    line = Pipeline.objects.get()

    with pytest.raises(RefusedRunError, match=f"whom {champion.name} learned from was erased"):
        parent_of({"parent": champion.pk}, line)
    assert parent_of({"parent": None}, line) is None


def test_what_an_earlier_release_trained_has_the_parent_it_had_then(shipped, champion, course):
    line = pipeline_request(kind=Pipeline.Kind.RETRAIN, surface=course)[0]
    assert parent_of({}, line) == shipped
    line.kind = Pipeline.Kind.REFRESH
    assert parent_of({}, line) == champion
    assert line.runs.get().kind == Run.Kind.COLLECT
