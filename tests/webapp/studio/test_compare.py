"""The comparison shows figures of cards, audits and gate reports, plotted to scale."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.webapp.codebooks.conftest import variant
from tests.webapp.studio.conftest import staff
from webapp.audits.models import AuditReport
from webapp.codebooks.gate.promotion import INNATE_FOLDER
from webapp.codebooks.models import GateReport
from webapp.codebooks.registry.store import version_store
from webapp.studio.plots import Interval, Series, interval_plot, line_plot, ticks

PAGE = "/admin/studio/compare/"


def row(estimate, low, high, verdict):
    return {
        "surface": "course-home",
        "slice": {"gender": "F"},
        "metric": "seconds",
        "unit": "share of the default's seconds",
        "users": 120,
        "n": 500,
        "estimate": estimate,
        "interval": [low, high],
        "tolerance": 0.02,
        "verdict": verdict,
    }


@pytest.fixture
def pair(version, cohort, tmp_path):
    """Two versions of the course, one audited within, one that exceeds and failed the gate."""
    folder = variant(INNATE_FOLDER, tmp_path / "other", "eeeeeeeeeeee", ["course-home"])
    other = version_store(folder=folder, name="course-home-2", surfaces=[cohort])[0]
    figures = {version: row(0.001, -0.01, 0.012, "within"), other: row(0.05, 0.04, 0.06, "exceeds")}
    for each, found in figures.items():
        report = {"verdict": found["verdict"], "slices": [found]}
        AuditReport.objects.create(
            surface=cohort, version=each, verdict=found["verdict"], report=report
        )
    condition = {
        "name": "energy",
        "verdict": "failed",
        "figure": 0.03,
        "limit": 0.005,
        "text": "No.",
    }
    GateReport.objects.create(
        surface=cohort, version=other, verdict="failed", conditions=[condition]
    )
    return version, other


def compare(client, pair):
    return client.get(PAGE, {"version": [v.pk for v in pair], "surface": "course-home"})


@pytest.mark.django_db
def test_audits_gate_and_cards_stand_side_by_side(owner, pair):
    page = compare(owner, pair).content.decode()

    assert "+0.05 (+0.04 to +0.06), 120 people, exceeds" in page
    assert "+0.001 (-0.01 to +0.012), 120 people, within" in page
    assert "failed: 0.03 (limit 0.005). No." in page and "not judged" in page
    bits = json.loads((INNATE_FOLDER / "card.json").read_text())["bits_per_user"]["mean"]
    assert f"{bits:.2f}" in page


@pytest.mark.django_db
def test_without_a_choice_the_champion_and_the_newest_are_compared(owner, pair):
    versions = owner.get(PAGE).context["versions"]
    assert {v.name for v in versions} == {"course-home-1", "course-home-2"}
    wrong = owner.get(PAGE, {"version": ["²", "9" * 23, "x"]})
    assert wrong.context["versions"] == versions


@pytest.mark.django_db
def test_audits_are_for_those_who_may_see_them(pair):
    reader = staff("reader", ("view_codebookversion", "view_surface"))
    page = compare(reader, pair).content.decode()
    assert "exceeds" not in page and "gated" not in page
    assert staff("nobody").get(PAGE).status_code == 403


@pytest.mark.django_db
def test_queries_do_not_grow_with_reports(owner, pair, django_assert_max_num_queries):
    for each in AuditReport.objects.all():
        copies = [AuditReport(surface=each.surface, version=each.version, report=each.report)] * 3
        for copy in copies:
            copy.pk = None
            copy.save()
    with django_assert_max_num_queries(25):
        assert compare(owner, pair).status_code == 200


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6))
def test_ticks_are_round_and_hold_all_values(low, span):
    found = ticks(low, low + span)
    slack = 1e-6 * max(abs(low), span, 1e-3)
    assert found[0] <= low + slack and found[-1] >= low + span - slack
    assert 2 <= len(found) <= 14


def test_a_line_is_drawn_to_scale():
    series = [Series("<one>", [(0, 0.0), (4, 4.0), (10, 10.0)])]
    svg = ElementTree.fromstring(line_plot(series, title="T", x_label="x", y_label="y"))

    points = svg.find(".//polyline").get("points").split()
    places = [tuple(map(float, p.split(","))) for p in points]
    labels = {t.text: float(t.get("x")) for t in svg.findall("text") if t.get("y") == "254.0"}
    assert [x for x, _ in places] == [labels["0"], labels["4"], labels["10"]]
    rise = places[2][1] - places[0][1]
    assert places[1][1] == pytest.approx(places[0][1] + 0.4 * rise, abs=0.1)
    assert "<one> from 0 at 0 to 10 at 10" in svg.get("aria-label")


def test_an_interval_past_the_tolerance_is_drawn_past_the_band():
    rows = [("women", [Interval(0, 0.03, 0.04, 0.05, "exceeds")])]
    svg = ElementTree.fromstring(interval_plot(rows, title="T", unit="share", tolerance=0.02))

    band, line = svg.find(".//rect[@class='band']"), svg.find(".//g/line")
    edge = float(band.get("x")) + float(band.get("width"))
    assert float(line.get("x1")) > edge
    assert "exceeds" in svg.find(".//g/title").text


def test_nothing_in_a_plot_needs_a_style_or_a_script():
    svg = line_plot([Series("a", [(0, 1), (1, 2)])], title="T", x_label="x", y_label="y")
    assert not re.search(r"style=|<script|<style", svg)


def test_no_figures_are_said():
    empty = line_plot([Series("a", [])], title="T", x_label="x", y_label="y")
    assert "No figures" in empty
