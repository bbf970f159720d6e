"""Visits collected in any number of parts are the same visits, in the same order."""

from __future__ import annotations

import pandas as pd
import pytest

from ml.data.digest import visits_digest
from ml.data.histories import visits_of
from ml.data.rows import visits_frame
from ml.data.sums import Sums
from webapp.codebooks.models import Part, Pipeline, Run
from webapp.codebooks.pipeline import lease, steps
from webapp.codebooks.pipeline.collecting import jobs
from webapp.codebooks.pipeline.order import pipeline_request
from webapp.codebooks.pipeline.parts import split, together
from webapp.codebooks.pipeline.parts.lease import PartLease
from webapp.codebooks.pipeline.stored_visits import stored_visits
from webapp.codebooks.pipeline.sums.jobs import sums_read
from webapp.subjects.models import Visit

pytestmark = pytest.mark.django_db(transaction=True)


def collected(surface) -> Run:
    line, _ = pipeline_request(kind=Pipeline.Kind.RETRAIN, surface=surface)
    run = steps.step_run(line.runs.get().pk)
    assert run is not None and run.state == "done", run and run.error
    Pipeline.objects.update(state=Pipeline.State.HELD)
    return run


def test_any_number_of_parts_gives_the_same_files_counts_and_digest(cohort, var, monkeypatch):
    visits = visits_frame(stored_visits(cohort))
    found = []
    for most in (10**6, 60, 15):
        monkeypatch.setattr(split, "VISITS_A_PART", most)
        run = collected(cohort)
        left = dict(run.result)
        read = [pd.read_parquet(var / "artefacts" / name) for name in left.pop("files")]
        pd.testing.assert_frame_equal(pd.concat(read, ignore_index=True), visits, check_dtype=False)
        assert left.pop("cuts")[-1] == 256
        everyone = sums_read([left.pop("of_everyone")])
        assert everyone == Sums.of(visits_of(visits)) != sums_read([left.pop("of_learners")])
        assert {part.attempts for part in run.parts.all()} == {1}
        found.append((left, run.training_marks.count()))

    assert [one for one in found if one != found[0]] == []
    assert found[0][0]["sha256"] == visits_digest(visits)
    parts = [run.parts.count() for run in Run.objects.filter(kind="collect").order_by("pk")]
    assert parts[0] == 1 < parts[1] < parts[2]
    assert not [*(var / "artefacts").rglob("people*")]


def test_tables_of_a_range_of_shards_are_what_is_stored_for_it(cohort):
    newest = Visit.objects.order_by("-pk")[5].pk  # later ones are left to the next collecting
    Visit.objects.filter(pk=newest).update(is_closed=False)
    begun = Visit.objects.earliest("pk")
    Visit.objects.filter(pk=begun.pk).update(uses={"gone": 2, **begun.uses})
    part = Part(run=Run(surface=cohort), first_shard=64, end_shard=192, given={"newest": newest})
    held = PartLease(part)
    held.show = lambda share: None

    rows = [row for table in jobs.visits_tables(held) for row in table.to_pylist()]

    stored = visits_frame(stored_visits(cohort, range(64, 192), newest))
    assert pd.DataFrame(rows).equals(pd.DataFrame(stored.to_dict("records")))
    everybody = visits_frame(stored_visits(cohort))
    assert 0 < len(rows) < len(everybody)


def test_files_that_are_gone_are_collected_again(cohort, var, monkeypatch):
    joined, lost = jobs._joined, []

    def lose_a_file(lease, left):
        if not lost:
            lost.append(left)
            (var / "artefacts" / left[0]["of_people"]).unlink()
        return joined(lease, left)

    monkeypatch.setattr(jobs, "_joined", lose_a_file)

    assert collected(cohort).result["people"] > 0


def test_what_was_new_when_collecting_began_holds_for_a_run_that_begins_again(cohort):
    line, _ = pipeline_request(kind=Pipeline.Kind.RETRAIN, surface=cohort)
    held = lease.run_take(run_id=line.runs.get().pk)
    given = {"visits": 3, "newest": 0, "open": 2, "revision": cohort.revision}
    together.parts_make(held, jobs.WORK, split.cut(1), seen=0, given=given)

    left = jobs.collected(held, 0)

    assert (left["newest"], left["open"], left["visits"], left["people"]) == (0, 2, 3, 0)
