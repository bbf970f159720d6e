"""The gate's fifth condition: limits of the site, sentences, and where its figures show."""

from __future__ import annotations

import json

import pytest
from django.urls import reverse

from tests.webapp.codebooks.conftest import judged, variant
from webapp.codebooks.admin.card_page import card_page
from webapp.codebooks.admin.churn_html import churn_html, first_token_words
from webapp.codebooks.gate.churn import churn, ungated_by
from webapp.codebooks.gate.conditions import report_save
from webapp.codebooks.models import GateReport
from webapp.codebooks.pipeline.churn import jobs
from webapp.codebooks.pipeline.churn.jobs import churn_between, limit_beside
from webapp.codebooks.pipeline.churn.people import requests_of
from webapp.codebooks.pipeline.gating.judging import stopped_by
from webapp.codebooks.pipeline.order import pipeline_request
from webapp.codebooks.registry import artefacts
from webapp.codebooks.registry.store import version_store
from webapp.evidence.contents import contents
from webapp.lib.times import utc_now
from webapp.subjects.models import AttributeRead, Profile, Subject, TrainingErasure


def row(group: str, users: int, moved: float | None) -> dict:
    figures = {"moved": moved, "elsewhere": 0.0, "resized": 0.0}
    return {"slice": {"group": group}, "users": users, **figures, "is_judged": users >= 100}


def figures(moved: float | None = 0.04, people: int = 300, slices: tuple = ()) -> dict:
    tokens = {"people": people, "numbers_alike": 0.95, "kept": 0.981}
    told = {"people": people, "moved": moved, "elsewhere": 0.01, "resized": 0.0}
    return {**told, "people_moved": 0.02, "first_token": tokens, "slices": list(slices)}


@pytest.mark.parametrize(
    ("limits", "found", "verdict", "says"),
    [
        ((0.05, 0.1), figures(0.05), "passed", "0.05 are allowed"),
        ((0.05, 0.1), figures(0.051), "failed", "0.05 are allowed (UIENGINE_GATE_CHURN)"),
        ((None, None), figures(0.7), "passed", "measured, not gated (UIENGINE_GATE_CHURN)"),
        (
            (0.05, 0.1),
            figures(0.7, 99),
            "passed",
            "nothing new: measured, as too few to judge",
        ),
        ((0.05, 0.1), figures(0.7, 100), "failed", "0.05 are allowed"),
        ((0.05, 0.1), figures(0.04, slices=(row("A", 150, 0.1),)), "passed", "0.05"),
        ((0.05, 0.1), figures(0.04, slices=(row("A", 150, 0.2),)), "failed", "group A 0.2"),
        ((None, 0.1), figures(0.04, slices=(row("A", 150, 0.2),)), "failed", "group A 0.2"),
        ((0.05, None), figures(0.04, slices=(row("A", 150, 0.2),)), "passed", "0.05"),
        ((0.05, 0.1), figures(0.04, slices=(row("A", 99, 0.9),)), "passed", "1 slice has too few"),
        ((0.05, 0.1), figures(None, 0), "passed", "0 people with a past, too few"),
        ((0.05, 0.1), None, "passed", "No other version serves"),
        ((0.05, 0.1), {}, "unclear", "not counted. Let the gate judge the version again"),
    ],
)
def test_limits_of_the_site_decide(settings, limits, found, verdict, says):
    settings.UIENGINE_GATE_CHURN, settings.UIENGINE_GATE_CHURN_SLICE = limits

    condition = churn(found)

    assert condition["verdict"] == verdict and says in condition["text"]
    assert ("The champion goes on serving." in condition["text"]) == (verdict == "failed")
    assert condition["limit"] == ("measured" if limits[0] is None else limits[0])


def test_unless_a_site_says_otherwise_a_twentieth_of_a_block_is_allowed(settings):
    assert (settings.UIENGINE_GATE_CHURN, settings.UIENGINE_GATE_CHURN_SLICE) == (0.05, 0.1)


@pytest.mark.django_db
def test_a_first_version_and_one_without_the_erased_may_change_pages(version, innate, course):
    """What is measured and not judged has no limit, and says why."""
    shipped = version_store(folder=innate, name="innate")[0]
    assert ungated_by(None) == ungated_by(version) == ""
    line = pipeline_request(kind="retrain", surface=course)[0]
    line.runs.update(version=version)
    TrainingErasure.objects.create(run=line.runs.get(), subjects=1, last_at=utc_now())
    found = figures(0.7, slices=(row("A", 150, 0.9),))

    for why in (ungated_by(shipped), ungated_by(version)):
        condition = churn(found, why)
        assert (condition["verdict"], condition["limit"]) == ("passed", "measured")
        assert why and f"measured alone, {why}." in condition["text"]
        assert condition["figure"] == 0.7 and condition["slices"] == found["slices"]
    assert churn(found)["verdict"] == "failed"


def test_the_table_marks_whose_pages_move_too_much():
    slices = (row("A", 150, 0.2), row("B", 150, 0.03), row("C", 99, 0.9))
    report = GateReport(conditions=[churn(figures(0.04, slices=slices))])

    cells = [line.split("<td>")[-1] for line in churn_html(report).split("<tr>")[2:]]

    said = [cell.split("</td>")[0] for cell in cells]
    assert said == ["yes", "yes: above 0.1", "yes", "no"]


def test_conditions_that_failed_are_said_first():
    """Somebody's name lifts what is unclear; nobody's lifts these."""
    told = [("energy", "unclear"), ("audit", "passed"), ("churn", "failed")]
    report = GateReport(conditions=[{"name": n, "verdict": v, "text": n} for n, v in told])

    assert stopped_by(report) == "churn failed: churn energy unclear: energy"


def test_what_a_token_number_means_is_said_with_the_share():
    found = {"people": 300, "numbers_alike": 0.95, "kept": 0.981}
    assert "keeps its number for 98.1% of people" in first_token_words(found)
    assert "not compared" in first_token_words({**found, "numbers_alike": 0.3, "kept": None})


@pytest.mark.django_db
def test_people_without_a_past_or_in_the_control_share_are_not_asked_for(cohort):
    subject = Subject.objects.create(key="file:newcomer")
    Profile.objects.create(subject=subject, surface=cohort)
    before = requests_of(cohort, utc_now())
    cohort.mode, cohort.control_percent = "live", 50

    served = requests_of(cohort, utc_now())

    assert "file:newcomer" not in before and len(before) == Profile.objects.count() - 1
    assert 0 < len(served) < len(before) and served.keys() < before.keys()
    assert all(not r.surface.guardrails.exploration for r in before.values())


@pytest.mark.django_db
def test_two_versions_of_the_same_networks_move_nobody(
    cohort, trained, version, tmp_path, admin_client
):
    """Counted for real, of two versions that differ in their ids: exactly 0, in all rooms."""
    folder = variant(trained, tmp_path / "twin", "eeeeeeeeeeee", ["course-home"])
    serving = version_store(folder=folder, name="twin", surfaces=[cohort])[0]
    line = pipeline_request(kind="judge", surface=cohort, version=version)[0]
    run = line.runs.get()
    run.options = {"by": ["gender"]}

    found = churn_between(run, serving, version, lambda share, doing: None)

    assert (found["moved"], found["elsewhere"], found["resized"]) == (0.0, 0.0, 0.0)
    assert found["first_token"]["kept"] == found["first_token"]["numbers_alike"] == 1.0
    assert found["people"] == Profile.objects.count() > 20
    assert {s["slice"]["gender"] for s in found["slices"]} == {"F", "M"}
    assert not any(s["is_judged"] for s in found["slices"])
    assert AttributeRead.objects.filter(why=f"version churn, run {run.pk}").exists()
    report = report_save(
        surface=cohort, version=version, champion=serving, conditions=[churn(found)]
    )
    assert report.verdict == "passed"
    page = admin_client.get(reverse("admin:uiengine_codebooks_gatereport_change", args=[report.pk]))
    assert "Version churn, blocks a person" in page.content.decode()
    assert "moved <b>0.000</b> blocks a person" in card_page(version)
    told = json.loads(contents(version, cohort, utc_now())["churn.json"])
    assert (told["measured"], told["moved"], told["against"]) == (True, 0.0, "twin")


@pytest.mark.django_db
def test_a_training_is_limited_where_the_gate_would_judge(
    cohort, version, innate, settings, monkeypatch
):
    """By the site's limit, for people beside the page's champion; not by an innate version's."""
    shipped = version_store(folder=innate, name="innate")[0]
    few = limit_beside(cohort, version)
    monkeypatch.setattr(jobs, "LEAST_PEOPLE", 1)
    settings.UIENGINE_GATE_CHURN = 0.02

    limit = limit_beside(cohort, version)

    assert limit.most == 0.02
    assert limit.moved(artefacts.registered(version.folder, version.manifest)) == 0.0
    settings.UIENGINE_GATE_CHURN = None
    others = [limit_beside(cohort, one) for one in (None, shipped, version)]
    assert [few, *others] == [None] * 4


@pytest.mark.django_db
def test_a_version_that_was_not_measured_says_so(version, course):
    judged(version, course)

    assert b'"measured": false' in contents(version, course, utc_now())["churn.json"]
    assert "Not measured" in card_page(version)
