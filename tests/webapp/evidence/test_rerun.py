"""The figures of a bundle, run again from the file and the visits."""

from __future__ import annotations

import io
import json

import pandas as pd
import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from tests.webapp.evidence.test_bundle import rewritten, verified
from webapp.evidence.bundle import bundle_read
from webapp.evidence.services import site_key

pytestmark = pytest.mark.django_db


@pytest.fixture
def judged_bundle(cohort, version, tmp_path):
    """Judged for real, by a smoke run, on the simulated cohort; with its visits beside it."""
    call_command("judge", version.name, surface=cohort.slug, smoke=True, stdout=io.StringIO())
    version.gate_reports.update(is_smoke=False)
    path, out = tmp_path / "judged.zip", io.StringIO()
    visits = tmp_path / "visits.parquet"
    call_command(
        "evidence", version.name, surface=cohort.slug, out=path, visits_out=visits, stdout=out
    )
    assert "are those that the version was judged on" in out.getvalue()
    return path


def test_all_figures_come_out_again_without_a_database(judged_bundle, monkeypatch):
    def away(*args, **options):
        raise AssertionError("asked the database")

    monkeypatch.setattr(connections["default"], "cursor", away)
    visits = judged_bundle.with_name("visits.parquet")
    figures = verified(judged_bundle, rerun=True, visits=visits)["figures"]
    assert [line["figure"] for line in figures][:3] == [
        "rules broken for 200 random people",
        "held-back people",
        "visits of held-back people",
    ]
    assert all(line["is_same"] for line in figures) and figures[1]["found"] > 0


def test_tells_a_figure_that_does_not_come_out_again_and_refuses_other_visits(judged_bundle):
    path = judged_bundle.with_name("visits.parquet")
    pd.read_parquet(path).iloc[1:].to_parquet(path)
    with pytest.raises(CommandError, match="the version was judged on"):
        verified(judged_bundle, rerun=True, visits=path)
    with pytest.raises(CommandError, match=r"Add --rerun"):
        verified(judged_bundle, visits=path)

    gate = json.loads(bundle_read(judged_bundle)["gate.json"])
    for condition in gate["conditions"]:
        if condition["name"] == "guardrails":
            condition["figure"] = 3
    forged = rewritten(judged_bundle, site_key(), gate_json=json.dumps(gate).encode())
    said = io.StringIO()
    with pytest.raises(CommandError):
        call_command("verify_evidence", forged, rerun=True, stdout=io.StringIO(), stderr=said)
    assert "random people: 3 was said, 0 came out" in said.getvalue()
