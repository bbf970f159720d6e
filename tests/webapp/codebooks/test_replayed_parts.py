"""Held-back people replayed in any number of parts: the same seconds of each, in the same order."""

from __future__ import annotations

import json
from hashlib import sha256

import pytest

from ml.evaluation.held_back import is_held_back
from webapp.codebooks.models import Pipeline, Run
from webapp.codebooks.pipeline import steps
from webapp.codebooks.pipeline.order import pipeline_request
from webapp.codebooks.pipeline.parts import split
from webapp.codebooks.registry.aliases import version_promote
from webapp.codebooks.registry.store import version_store
from webapp.subjects.models import Subject

from .conftest import variant

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def champion(trained, cohort, tmp_path):
    folder = variant(trained, tmp_path / "champion", "cccccccccccc", ["course-home"])
    stored, _ = version_store(folder=folder, name="course-home-0", surfaces=[cohort])
    version_promote(surface=cohort, version=stored, why="test", by_name="test")
    return stored


def replayed(surface, version) -> Run:
    """The run, once visits are collected and held-back people replayed."""
    line, _ = pipeline_request(kind=Pipeline.Kind.JUDGE, surface=surface, version=version)
    for kind in ("collect", "replay"):
        run = steps.step_run(line.runs.get(kind=kind).pk)
        assert run is not None and run.state == "done", run and run.error
    Pipeline.objects.update(state=Pipeline.State.HELD)
    return run


def test_any_number_of_parts_gives_the_same_seconds_and_leaves_no_file_of_people(
    cohort, champion, version, var, monkeypatch
):
    found = []
    for visits, replayed_visits in ((10**6, 10**6), (400, 150), (10**6, 300)):
        monkeypatch.setattr(split, "VISITS_A_PART", visits)
        monkeypatch.setattr(split, "REPLAYED_A_PART", replayed_visits)
        run = replayed(cohort, version)
        left = dict(run.result)
        seconds = (var / "artefacts" / left.pop("file")).read_text()
        found.append((left, seconds, run.parts.filter(work="replay").count()))

    assert [one[:2] for one in found] == [found[0][:2]] * 3
    assert found[0][0]["people"] == len(json.loads(found[0][1])[0]) > 1
    assert [parts for _, _, parts in found] == [1, 6, 3]
    assert not [*(var / "artefacts").rglob("people*")]


def test_of_many_held_back_people_a_share_is_replayed(cohort, champion, version, settings):
    everybody = replayed(cohort, version).result

    settings.UIENGINE_REPLAY_VISITS = everybody["visits"] // 2
    some = replayed(cohort, version).result

    keys = Subject.objects.values_list("key", flat=True)
    held = {key for key in keys if is_held_back("course-home", key)}
    drawn = {
        key for key in held if sha256(f"sample\ncourse-home\n{key}".encode()).digest()[0] < 128
    }
    assert some["people"] == len(drawn) < len(held) == everybody["people"]
    settings.UIENGINE_REPLAY_VISITS = everybody["visits"]
    assert replayed(cohort, version).result["people"] == everybody["people"]
