"""The scheduled audit judges the book beside the engine where people are served by a byte."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from ml.data.histories import visits_of
from ml.data.rows import visits_frame
from ml.evaluation.policies import policy
from ml.evaluation.pricing import visit_values
from ml.evaluation.replay import replay
from ml.evaluation.replay_file import read_replay, used_blocks
from tests.webapp.codebooks.conftest import cohort, course, trained, version
from uiengine.model.version_folder import load_version
from uiengine.page.reading_order import default_order
from webapp.audits.models import AuditReport
from webapp.codebooks.management.runs import carried_out
from webapp.codebooks.models import Run
from webapp.codebooks.pipeline.steps import step_run
from webapp.codebooks.pipeline.stored_visits import stored_visits
from webapp.codebooks.registry.aliases import version_promote
from webapp.subjects.attributes import Reading, people_of
from webapp.subjects.models import Profile, ServedDecision
from webapp.surfaces import mappers

__all__ = ["cohort", "course", "trained", "version"]
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def served(cohort, version, settings, monkeypatch):
    monkeypatch.setattr("uiengine.book.states.IMAGINED", 8)  # for speed
    settings.UIENGINE_BOOK_ENTRIES = 16
    version_promote(surface=cohort, version=version, why="test", by_name="test")
    return cohort


def by_byte(surface) -> None:
    """One visit that was served by a byte."""
    ServedDecision.objects.create(
        profile=Profile.objects.filter(surface=surface).first(),
        **{"digest": "d", "visit": "v", "since": 0, "day": 1, "revision": surface.revision},
        **{"generation": 0, "status": "adapted", "order": [], "tokens": [0], "book": "0" * 16},
    )


def audited(surface, by=("gender",)) -> AuditReport:
    options = {"by": list(by)}
    run = carried_out(Run.Kind.AUDIT, surface, step_run, options=options)
    return AuditReport.objects.get(pk=run.result["report"])


def expected(surface, folder, name: str, tmp_path) -> dict[str, float]:
    """Extra seconds as a share of the default's, by gender, of a replay made here."""
    page, visits = mappers.to_surface(surface), visits_frame(stored_visits(surface))
    defaults = {page.slug: default_order(page)}
    decide = policy(name, load_version(folder), defaults, 64, 0, entries=16)
    file = tmp_path / f"{name}.jsonl"
    lines = replay(visits_of(visits), {page.slug: page}, defaults, decide)
    file.write_text("\n".join(map(json.dumps, lines)))
    values = visit_values(read_replay(file, used_blocks(visits)), {page.slug: page})
    people = pd.DataFrame([dict(p) for p in people_of(surface, ["gender"], Reading("", "test"))])
    joined = values.merge(people[["user", "gender"]], on="user")
    sums = joined.groupby("gender")[["extra_seconds", "default_seconds"]].sum()
    return (sums["extra_seconds"] / sums["default_seconds"]).to_dict()


def test_engine_and_book_stand_side_by_side_per_slice(served, trained, tmp_path, admin_client):
    by_byte(served)

    report = audited(served)

    assert report.report["beside"] == ["book"]
    for name, metric in (("engine", "seconds"), ("book", "seconds_by_book")):
        rows = [r for r in report.report["slices"] if r["metric"] == metric]
        found = {r["slice"]["gender"]: r["value"] for r in rows}
        assert found == pytest.approx(expected(served, trained, name, tmp_path))
        assert all(r["verdict"] for r in rows)
    assert "Served by a byte" in report.html
    page = admin_client.get(f"/admin/uiengine_audits/auditreport/{report.pk}/change/")
    assert "the engine, and a byte of the page" in page.content.decode()


def test_where_nobody_was_served_by_a_byte_the_engine_alone_is_judged(served, admin_client):
    report = audited(served)

    assert report.report["beside"] == []
    assert not [r for r in report.report["slices"] if "book" in r["metric"]]
    page = admin_client.get(f"/admin/uiengine_audits/auditreport/{report.pk}/change/")
    assert "byte" not in page.content.decode()


def test_a_page_that_explores_is_judged_by_the_engine_alone(served):
    by_byte(served)
    guardrails = {**served.definition.get("guardrails", {}), "exploration": 0.1}
    served.definition = {**served.definition, "guardrails": guardrails}
    served.save()

    assert audited(served).report["beside"] == []
