"""An audit's parts: any number of them, done by anybody, again if need be, give the same report."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
import pytest

from ml.audit import stored
from tests.webapp.codebooks.conftest import cohort, course, trained, var, version
from webapp.audits import jobs
from webapp.audits.models import AuditReport
from webapp.codebooks.management.runs import carried_out
from webapp.codebooks.models import Part, Run
from webapp.codebooks.pipeline.parts import split, work
from webapp.codebooks.pipeline.steps import step_run
from webapp.codebooks.registry.aliases import version_promote

__all__ = ["cohort", "course", "trained", "var", "version"]
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def served(cohort, version):
    version_promote(surface=cohort, version=version, why="test", by_name="test")
    return cohort


@pytest.fixture
def whole(served) -> AuditReport:
    """Of one part."""
    return audited(served)


def audited(surface) -> AuditReport:
    """The report of a first look."""
    AuditReport.objects.all().delete()
    run = carried_out(Run.Kind.AUDIT, surface, step_run, options={"by": ["gender"]})
    return AuditReport.objects.get(pk=run.result["report"])


def attempts() -> list[int]:
    """Of each part that walked people in the latest run."""
    run = Run.objects.latest("pk")
    return list(run.parts.filter(work="audit").values_list("attempts", flat=True))


def test_any_number_of_parts_gives_the_same_report(served, whole, var, monkeypatch):
    assert attempts() == [1]
    for most in (400, 150):
        monkeypatch.setattr(split, "REPLAYED_A_PART", most)

        found = audited(served)

        assert (found.report, found.html) == (whole.report, whole.html)
        assert 1 < len(attempts()) <= 256
        assert set(attempts()) == {1}
    assert not [*(var / "artefacts").rglob("*audit*")]


def test_a_part_that_met_an_error_is_done_again_alone(served, whole, monkeypatch):
    walked, met = stored.people_sums, []

    def cut_off(*given):
        if len(met) == 1:
            met.append("an error")
            raise ConnectionResetError("cut off")
        met.append("a part")
        return walked(*given)

    monkeypatch.setattr(stored, "people_sums", cut_off)
    monkeypatch.setattr(split, "REPLAYED_A_PART", 300)
    monkeypatch.setattr(work, "AGAIN_AFTER", timedelta(seconds=-1))

    found = audited(served)

    assert (found.report, found.html) == (whole.report, whole.html)
    assert sorted(attempts(), reverse=True) == [2] + [1] * (len(attempts()) - 1)


def test_what_parts_leave_has_no_attribute_and_goes_when_the_run_fails(served, var, monkeypatch):
    columns: set[str] = set()

    def refuse(*given):
        files = [*(var / "artefacts" / "runs").rglob("people*")]
        columns.update(name for file in files for name in pd.read_parquet(file))
        raise ValueError("no join today")

    monkeypatch.setattr(jobs, "_joined", refuse)

    with pytest.raises(ValueError, match="no join today"):
        audited(served)

    assert {"user", "extra_seconds"} <= columns
    assert not columns & {"gender", "age_band", "disability"}
    assert not [file for file in (var / "artefacts" / "runs").rglob("*") if file.is_file()]


def test_an_audit_that_was_interrupted_keeps_the_parts_that_are_done(served, monkeypatch):
    monkeypatch.setattr(split, "REPLAYED_A_PART", 300)
    joined = jobs._joined

    def interrupt(*given):
        raise KeyboardInterrupt

    monkeypatch.setattr(jobs, "_joined", interrupt)
    with pytest.raises(KeyboardInterrupt):
        audited(served)
    monkeypatch.setattr(jobs, "_joined", joined)
    before = dict(Part.objects.values_list("pk", "finished_at"))

    step_run(Run.objects.get().pk)

    assert Run.objects.get().state == Run.State.DONE
    assert dict(Part.objects.values_list("pk", "finished_at")) == before


def test_of_many_people_a_share_is_audited_and_the_report_says_so(served, whole, settings):
    everybody, all_visits = (
        sum(page[name] for page in whole.report["surfaces"]) for name in ("users", "visits")
    )
    assert whole.report["drawn"] == {} and "people were drawn" not in whole.html
    settings.UIENGINE_REPLAY_VISITS = all_visits // 2

    found = audited(served)

    drawn, page = found.report["drawn"], found.report["surfaces"][0]
    assert drawn == {"people": page["users"], "of": everybody}
    assert 0.25 < page["visits"] / all_visits < 0.75
    assert f"{page['users']:,} of the page's {everybody:,} people were drawn" in found.html
