"""The gate and versions whose networks, real ONNX files, take long or give NaN for some."""

from __future__ import annotations

import math

import pytest

from ml.evaluation.random_people import NOT_FINITE, broken_rules, decision_seconds
from tests.uiengine.model.spoilt import LONG_AGO, for_some, slow, spoilt
from tests.webapp.codebooks.conftest import variant
from uiengine.model.version_folder import load_version
from webapp.codebooks.gate import conditions
from webapp.codebooks.models import GateReport, Pipeline
from webapp.codebooks.pipeline import lease, steps
from webapp.codebooks.pipeline.order import pipeline_request
from webapp.codebooks.registry.store import version_store
from webapp.surfaces import mappers

pytestmark = pytest.mark.django_db


@pytest.fixture
def late(trained, tmp_path, course):
    """A version for the course whose decoder takes 50 ms and more."""
    folder = spoilt(trained, tmp_path / "late", "decoder", "side_share", slow(rounds=30))
    return version_store(folder=folder, name="late", surfaces=[course])[0]


def test_a_late_version_is_held_before_its_visits_are_replayed(late, course, settings):
    settings.UIENGINE_DEADLINE_MS = 20
    line = pipeline_request(kind=Pipeline.Kind.JUDGE, surface=course, version=late)[0]
    collect = line.runs.get(state="queued")
    lease.run_with_lease(run_id=collect.pk, work=lambda held: held.finish({}))

    steps.step_run(line.runs.get(state="queued").pk)

    line.refresh_from_db()
    report = GateReport.objects.get(version=late)
    assert (line.state, report.verdict) == ("held", "failed")
    assert "Too slow: a decision takes" in line.outcome
    assert "more than 0.02 s (UIENGINE_DEADLINE_MS)" in report.conditions[0]["text"]
    assert report.conditions[0]["seconds"] > 0.02


def test_the_shipped_version_is_in_time(trained, course):
    seconds = decision_seconds(load_version(trained), mappers.to_surface(course))

    judged = conditions.guardrails({}, 10, seconds=seconds, most_seconds=0.2)
    assert 0 < seconds < 0.2
    assert judged["verdict"] == "passed"


def test_whom_a_version_gives_nan_is_counted_person_by_person(trained, tmp_path, course):
    folder = spoilt(
        trained, tmp_path / "v", "decoder", "outlook", for_some(math.nan, above=LONG_AGO)
    )
    surface = mappers.to_surface(course)

    broken = broken_rules(load_version(folder), surface, 300)

    assert set(broken) == {NOT_FINITE}
    assert 0 < broken[NOT_FINITE] < 30
    judged = conditions.guardrails(broken, 300, seconds=0.01, most_seconds=0.2)
    assert judged["verdict"] == "failed"
    assert judged["text"] == "Broken: finite_numbers."


def test_a_good_version_breaks_nothing(trained, tmp_path, course):
    version = load_version(variant(trained, tmp_path / "v", "cccccccccccc", []))
    assert not broken_rules(version, mappers.to_surface(course), 60)
