"""Somebody who is erased while a pipeline goes on is in no file of it and in no later training."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from ml.evaluation import held_back
from webapp.codebooks.models import CodebookVersion, Pipeline, Run
from webapp.codebooks.pipeline import steps
from webapp.codebooks.pipeline.collecting import jobs as collecting
from webapp.codebooks.pipeline.collecting import recollecting
from webapp.codebooks.pipeline.order import pipeline_request
from webapp.codebooks.pipeline.parts import split
from webapp.codebooks.registry.training_record import version_erasures
from webapp.privacy.erase import subject_erase
from webapp.privacy.tasks import retention
from webapp.subjects.models import Subject

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def line(cohort) -> Pipeline:
    return ask(cohort, Pipeline.Kind.RETRAIN)


def ask(surface, kind) -> Pipeline:
    return pipeline_request(kind=kind, surface=surface, options={"smoke": True})[0]


def step(line: Pipeline, kind: str) -> Run:
    done = steps.step_run(line.runs.get(kind=kind, state="queued").pk)
    assert done is not None and done.state == "done", done and done.error
    return done


def people_in_files(var: Path) -> set[str]:
    """Everybody whom a file of a pipeline names, in the storage and on this machine."""
    found: set[str] = set()
    for path in [*(var / "artefacts").rglob("*"), *(var / "runs").rglob("*")]:
        if path.suffix == ".parquet":
            found |= set(pd.read_parquet(path)["user"])
        elif path.name.startswith(("users", "sample", "people")):
            found |= set(json.loads(path.read_text()))
    return found


def somebody(*, trained: bool) -> str:
    keys = Subject.objects.order_by("key").values_list("key", flat=True)
    return next(k for k in keys if held_back.is_held_back("course-home", k) is not trained)


@pytest.fixture
def read(monkeypatch) -> list[set[str] | int]:
    """The people of each table that a step reads, or how many it replays."""
    found: list[set[str] | int] = []
    read = recollecting.read_collected

    def noted(lease, how):
        content = read(lease, how)
        replayed = getattr(content, "challenger", None)
        if replayed is None:
            found.append({user for frame in content.visits for user in frame["user"]})
        else:
            found.append(len(replayed))
        return content

    monkeypatch.setattr(recollecting, "read_collected", noted)
    return found


def test_each_step_reads_only_people_who_are_still_there(line, var, read):
    step(line, "collect")
    everybody = people_in_files(var)
    assert everybody == set(Subject.objects.values_list("key", flat=True))

    first = somebody(trained=True)
    subject_erase(key=first)
    assert people_in_files(var) == set()
    step(line, "train")
    assert people_in_files(var) == everybody - {first}

    step(line, "export")
    second = somebody(trained=False)
    subject_erase(key=second)
    assert people_in_files(var) == set()
    step(line, "replay")

    without_first = everybody - {first}
    learned_from = {k for k in without_first if not held_back.is_held_back("course-home", k)}
    assert read == [learned_from, learned_from, len(without_first - learned_from - {second})]
    version = CodebookVersion.objects.get(pipelines=line)
    assert "served.json" in version.manifest["files"]  # learned from the same people
    assert version_erasures(version) == 0  # it never saw the first one
    third = somebody(trained=True)
    assert [v.version for v in subject_erase(key=third)] == [version.name]
    assert version_erasures(version) == 1


@pytest.mark.parametrize("kind", [Pipeline.Kind.RETRAIN, Pipeline.Kind.JUDGE])
@pytest.mark.parametrize("parts_of", [10**6, 50])
def test_somebody_who_is_erased_while_visits_are_collected_is_not_in_the_file(
    cohort, var, monkeypatch, kind, parts_of
):
    line, gone, read = ask(cohort, kind), somebody(trained=True), collecting.visits_tables
    monkeypatch.setattr(split, "VISITS_A_PART", parts_of)

    def interrupted(part):
        tables = list(read(part))
        if part.part.end_shard == 256:
            monkeypatch.setattr(collecting, "visits_tables", read)
            subject_erase(key=gone)  # another process, after these rows were read
        yield from tables

    monkeypatch.setattr(collecting, "visits_tables", interrupted)
    done = step(line, "collect")

    assert people_in_files(var) == set(Subject.objects.values_list("key", flat=True))
    assert done.result["people"] + done.result["held_back"] == Subject.objects.count()
    assert not done.training_marks.exists() or done.training_marks.count() == done.result["people"]


def test_a_refresh_chooses_among_people_who_are_still_there(cohort, var, innate):
    from webapp.codebooks.gate import promotion

    promotion.innate_ship(folder=innate)
    line = ask(cohort, Pipeline.Kind.REFRESH)
    step(line, "collect")
    gone = somebody(trained=True)
    subject_erase(key=gone)

    step(line, "train")

    assert gone not in people_in_files(var) != set()


@pytest.mark.parametrize("state", ["held", "done", "failed"])
@pytest.mark.parametrize("tidy", [lambda: subject_erase(key="anon:somebody"), retention])
def test_files_that_a_killed_worker_left_go_with_the_next_erasure_or_night(line, var, state, tidy):
    step(line, "collect")
    Pipeline.objects.update(state=state)
    Run.objects.filter(state="queued").delete()
    if state == "failed":  # it failed before its row named the file
        Pipeline.objects.update(result={})

    tidy()

    assert people_in_files(var) == set()


def test_what_a_killed_worker_left_of_a_running_pipeline_goes_too(line, var):
    step(line, "collect")
    kept = var / "artefacts" / "pipelines" / str(line.pk) / "visits-000.parquet"
    (kept.parent / "visits_abc.parquet").write_bytes(kept.read_bytes())
    (kept.parent / "draft.pt").write_text("weights on their way")

    retention()
    left = {path.name for path in kept.parent.iterdir() if "sums" not in path.name}
    assert left == {"draft.pt", "visits-000.parquet"}
    subject_erase(key="anon:somebody")
    assert [path.name for path in kept.parent.iterdir()] == ["draft.pt"]
