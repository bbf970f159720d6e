"""Pipelines run one at a time and step by step; they are held, promoted, or resumed."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Q
from django.utils import timezone

from ml.data.errors import BadValue, DataError
from webapp.codebooks import tasks
from webapp.codebooks.gate.outcome import Outcome, held
from webapp.codebooks.gate.rollout import rollout_of
from webapp.codebooks.models import CodebookVersion, Pipeline, Rollout, Run
from webapp.codebooks.pipeline import lease, order, steps
from webapp.codebooks.pipeline.order import STEPS, pipeline_request, pipeline_resume
from webapp.privacy.erase import subject_erase
from webapp.privacy.retention import retention_apply
from webapp.surfaces.models import Surface

pytestmark = pytest.mark.django_db
RETRAIN = Pipeline.Kind.RETRAIN


def ask(surface, kind=RETRAIN, **columns) -> Pipeline:
    return pipeline_request(kind=kind, surface=surface, **columns)[0]


def step(line: Pipeline, outcome: Outcome | None = None, **result) -> Run:
    """Ends the waiting step with this result, as its worker would."""
    run = line.runs.get(state="queued")
    lease.run_with_lease(run_id=run.pk, work=lambda held: held.finish(result, outcome=outcome))
    line.refresh_from_db()
    return run


def test_the_steps_follow_one_another(course):
    line = ask(course)

    kinds = []
    while line.state == "running":
        kinds.append(step(line).kind)

    assert kinds == [*("collect", "train", "export", "replay", "audit", "gate", "promote")]
    assert set(line.result) == set(kinds)


@pytest.mark.parametrize("other", [Pipeline.Kind.RETRAIN, Pipeline.Kind.REFRESH])
def test_two_of_one_surface_never_run_at_once(course, other):
    line = ask(course)

    assert pipeline_request(kind=other, surface=course) == (line, False)
    with pytest.raises(CommandError, match=r"retrain under way \(pipeline \d+.*Two at once"):
        call_command("refresh", surface="course-home")


def test_one_that_ends_while_another_is_asked_for_leaves_that_one_its_key(course, monkeypatch):
    ask(course)

    def ends_meanwhile(**conditions):
        Pipeline.objects.update(state=Pipeline.State.DONE)
        return Q(**conditions)

    monkeypatch.setattr(order, "Q", ends_meanwhile)

    assert ask(course, key="night").key == "night"


@pytest.mark.parametrize(("minutes", "says"), [(1, "two minutes"), (-1, "Import more visits")])
def test_the_same_command_goes_on_with_what_a_killed_one_left(course, minutes, says):
    """Without a worker nobody else would, and the page could never be retrained again."""
    options = {"seed": 0, "by": [], "anew": False, "smoke": True, "in_process": True}
    line = ask(course, options=options)
    until = timezone.now() + timedelta(minutes=minutes)
    line.runs.update(state="running", holder="killed", lease_until=until)

    with pytest.raises(CommandError, match=says):
        call_command("retrain", surface="course-home", smoke=True)
    with pytest.raises(CommandError, match="under way" if minutes > 0 else "Import more"):
        call_command("retrain", surface="course-home", smoke=True)
    assert Pipeline.objects.filter(state="running").count() == (minutes > 0)


def test_a_command_with_other_options_leaves_it_alone(course):
    line = ask(course, options={"seed": 3, "in_process": True})
    line.runs.update(state="running", lease_until=line.created_at)

    with pytest.raises(CommandError, match="Two at once are refused"):
        call_command("retrain", surface="course-home")


def test_a_long_outcome_is_kept_to_its_last_word(course):
    """A gate's sentences are longer than 500 letters where several conditions stop a version."""
    words = "x" * 2000 + " judge again."
    line = ask(course)

    step(line, held(words))

    assert line.outcome == f"Held: {words}"


def test_the_bar_of_a_command_shows_all_steps_and_never_goes_back(course, monkeypatch):
    line, shown = ask(course), []

    def work(hold):
        hold.show(0.0, "begins")
        hold.show(1.0, "ends")
        hold.finish({})

    monkeypatch.setattr(steps, "STEPS", dict.fromkeys(STEPS["retrain"], work))
    steps.pipeline_carry_out(line, lambda share, doing: shown.append((share, doing)))

    assert shown[:2] == [(0.0, "collect: begins"), (1 / 7, "collect: ends")]
    assert [share for share, _ in shown] == sorted(share for share, _ in shown)
    assert shown[-1] == (1.0, "promote: ends")


def test_a_message_done_twice_changes_nothing(course):
    line = ask(course)
    run = step(line, visits=3)

    assert steps.step_run(run.pk) is None
    assert line.runs.count() == 2


def test_a_step_that_fails_ends_it_and_is_gone_on_with(course):
    line = ask(course)
    run = line.runs.get()

    def work(hold):
        raise lease.RefusedRunError("no disk left")

    lease.run_with_lease(run_id=run.pk, work=work)
    line.refresh_from_db()
    assert (line.state, line.outcome) == ("failed", "collect failed: no disk left")

    assert pipeline_resume(line)
    step(line)
    assert [run.kind for run in line.runs.order_by("pk")] == ["collect", "train"]


def test_an_edit_of_the_page_ends_it(course):
    line = ask(course)
    step(line, revision=course.revision)
    Surface.objects.update(revision=course.revision + 1)

    run = line.runs.get(state="queued")
    lease.run_with_lease(run_id=run.pk, work=lambda hold: hold.finish({}))

    line.refresh_from_db()
    assert line.state == "failed"
    assert "course-home changed while the pipeline ran (revision 1, now 2)" in line.outcome


def test_a_refused_value_names_nobody(caplog):
    problems = [BadValue("visits", row, "block", "anon:ada", "must be known") for row in (3, 9)]

    told = str(lease.bad_values(DataError(problems)))

    assert told.startswith("2 bad value(s). block: must be known (2).") and "ada" not in told
    assert "anon:ada" in caplog.text


def failed(course, var) -> tuple[Pipeline, list[Path]]:
    """A pipeline whose training failed, with the files that a worker left for resuming."""
    line = ask(course)
    step(line, visits=3, file="x")
    files = [var / "artefacts" / f"pipelines/{line.pk}/visits.parquet"]
    files.append(var / "runs" / str(line.runs.get(state="queued").pk) / "champion.heldback.jsonl")
    for path in files:
        path.parent.mkdir(parents=True)
        path.write_text("somebody's visits")
    Run.objects.filter(state="queued").update(state="failed")
    Pipeline.objects.update(state="failed", finished_at=timezone.now())
    return line, files


def test_an_erasure_drops_what_failed_pipelines_kept(
    course, var, django_capture_on_commit_callbacks
):
    line, (kept, left) = failed(course, var)
    tasks.sweep()
    assert kept.exists() and not left.exists()

    with django_capture_on_commit_callbacks(execute=True):
        subject_erase(key="anon:somebody")

    assert not kept.exists()
    again = pipeline_resume(Pipeline.objects.get(pk=line.pk))
    assert again and again != line and again.runs.get().kind == "collect"


def test_retention_drops_what_a_failed_pipeline_kept_for_a_day(
    course, var, django_capture_on_commit_callbacks
):
    _, (kept, _) = failed(course, var)
    for later, remains in ((timedelta(hours=20), True), (timedelta(hours=30), False)):
        with django_capture_on_commit_callbacks(execute=True):
            retention_apply(surface=course, now=timezone.now() + later)
        assert kept.exists() is remains


def test_a_step_that_kills_its_workers_ends_it(course):
    line = ask(course)
    past = line.created_at
    Run.objects.update(state="running", lease_until=past, attempts=lease.MOST_ATTEMPTS)

    lease.runs_sweep()

    line.refresh_from_db()
    assert line.state == "failed" and "died 3 times" in line.outcome


def test_an_audit_that_exceeds_asks_for_a_refresh_once(version, course):
    course.aliases.create(name="champion", version=version)
    line = ask(course)
    for result in ({}, {}, {}, {}, {"verdict": "exceeds", "report": 7}):
        step(line, **result)
    step(line, held("audit failed"))

    refresh = Pipeline.objects.get(state="running")
    assert (refresh.kind, refresh.asked_by) == ("refresh", "audit 7")
    for result in ({}, {}, {}, {}, {"verdict": "exceeds", "report": 8}):
        step(refresh, **result)
    step(refresh, held("audit failed"))
    assert not Pipeline.objects.filter(state="running").exists()


def test_too_few_visits_refuse_a_retrain(course):
    line = steps.pipeline_carry_out(ask(course))

    assert line.state == "failed" and "Import more visits" in line.outcome
    assert not CodebookVersion.objects.exists()


def test_nightly_retrains_ask_where_visits_are_new(cohort):
    assert tasks.retrain_all() == 1
    line = Pipeline.objects.get()
    step(line, Outcome("enough"), visits=870)

    assert tasks.retrain_all() == 0


def test_what_follows_the_gate_is_the_surfaces_choice(course):
    assert rollout_of(course).after_gate == "promote"
    Rollout.objects.create(surface=course, after_gate="shadow")

    assert rollout_of(Surface.objects.get()).after_gate == "shadow"
    assert STEPS["judge"][-1] == "gate"
