"""A training learns from at most UIENGINE_RETRAIN_VISITS visits, and says of how many."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from ml.evaluation.held_back import is_held_back
from webapp.codebooks.models import Pipeline, Run
from webapp.codebooks.pipeline import lease, steps
from webapp.codebooks.pipeline.order import pipeline_request
from webapp.codebooks.pipeline.stored_visits import stored_visits
from webapp.codebooks.pipeline.training import jobs
from webapp.subjects.models import AttributeRead, Subject

pytestmark = pytest.mark.django_db(transaction=True)
MOST = 60


def collect(surface, kind) -> Run:
    line = pipeline_request(kind=kind, surface=surface, options={"smoke": True})[0]
    run = steps.step_run(line.runs.get(state="queued").pk)
    assert run is not None and run.state == "done", run and run.error
    return run


def material(run: Run) -> jobs.Material:
    training = run.pipeline.runs.get(state="queued")
    leased = lease.run_take(run_id=training.pk)
    try:
        return jobs._learned(leased)
    finally:
        leased.give_back()


def may_learn() -> set[str]:
    keys = Subject.objects.values_list("key", flat=True)
    return {key for key in keys if not is_held_back("course-home", key)}


def visits_of(rows) -> int:
    return len({(user, at) for _, user, at, *_ in rows})


def test_a_small_page_learns_from_everybody_and_no_attribute_is_read(cohort):
    run = collect(cohort, Pipeline.Kind.RETRAIN)

    drawn = run.result["drawn"]
    assert "sample" not in run.result
    assert drawn["visits"] == drawn["of_visits"]
    assert drawn["people"] == drawn["of_people"] == run.result["people"] == len(may_learn())
    assert not AttributeRead.objects.exists()


def test_a_large_page_learns_from_people_drawn_whole_but_counts_everybody(cohort, settings, var):
    everybody = material(collect(cohort, Pipeline.Kind.RETRAIN))
    Pipeline.objects.update(state="held")
    settings.UIENGINE_RETRAIN_VISITS = MOST
    run = collect(cohort, Pipeline.Kind.RETRAIN)

    sample = json.loads((var / "artefacts" / run.result["sample"]).read_text())
    found = material(run)

    whose = [row for row in stored_visits(cohort) if row[1] in sample]
    assert visits_of(whose) == run.result["drawn"]["visits"] <= MOST
    rows = pd.concat(list(found.visits))
    assert set(rows["user"]) == set(sample) < may_learn()
    assert len(rows) == len(whose)
    assert found.everyone == everybody.everyone
    assert run.result["people"] == len(may_learn())
    assert "whom a training learns from" in AttributeRead.objects.get().why


def test_the_card_says_how_many_of_how_many(cohort, settings, var):
    settings.UIENGINE_RETRAIN_VISITS = MOST
    run = collect(cohort, Pipeline.Kind.RETRAIN)
    for kind in ("train", "export"):
        done = steps.step_run(run.pipeline.runs.get(kind=kind).pk)
        assert done is not None and done.state == "done", done and done.error

    run.pipeline.refresh_from_db()
    training = run.pipeline.version.card["training"]
    assert training["sample"] == run.result["drawn"]
    assert training["slices"]["course-home"] == {
        "visits": run.result["drawn"]["visits"],
        "subjects": run.result["drawn"]["people"],
    }


def test_a_refresh_also_learns_from_its_own_people(cohort, settings, var, innate):
    settings.UIENGINE_RETRAIN_VISITS = MOST
    run = collect(cohort, Pipeline.Kind.REFRESH)

    found = material(run)

    sample = json.loads((var / "artefacts" / run.result["sample"]).read_text())
    users = {user for frame in found.visits for user in frame["user"]}
    assert users == found.users | set(sample)


def test_a_judgement_draws_nobody(cohort, settings, version):
    settings.UIENGINE_RETRAIN_VISITS = MOST
    line, _ = pipeline_request(kind=Pipeline.Kind.JUDGE, surface=cohort, version=version)

    run = steps.step_run(line.runs.get().pk)

    assert run is not None and "drawn" not in run.result and "sample" not in run.result
