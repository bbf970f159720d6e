"""Reasons of inconclusive slices, changes since the anchor, and plots over versions."""

from __future__ import annotations

import re

import pytest

from ml.audit import cohort
from ml.audit.audit import audit
from ml.audit.reliability import reliability, stored_power
from ml.audit.report import page
from ml.audit.words import reason


@pytest.fixture(scope="module")
def looks(tmp_path_factory):
    """Two looks at 700 people; the second has a planted disparity that the anchor lacks."""
    folder = tmp_path_factory.mktemp("looks")
    anchor, planted = folder / "anchor.jsonl", folder / "planted.jsonl"
    visits, people = cohort.simulate(anchor, users=700, visits=6)
    cohort.simulate(planted, users=700, visits=6, planted=cohort.upside_down)
    early = folder / "early.jsonl"
    early.write_text("\n".join(anchor.read_text().splitlines()[: 700 * 2]))
    given = (visits, people, ["disability"])
    first = audit(early, *given, out=folder / "one", version="shop-1", simulated=True)
    second = audit(
        planted,
        *given,
        anchor=anchor,
        previous=[first],
        out=folder / "two",
        version="shop-2",
        simulated=True,
    )
    return first, second, (folder / "two" / "report.html").read_text()


def test_every_inconclusive_row_says_why_and_no_other_does(looks):
    first, second, _ = looks

    for row in (*first["slices"], *second["slices"]):
        if row["verdict"] is not None:
            assert bool(row["reason"]) == (row["verdict"] == "inconclusive")


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"users": 34}, "under 100 people: 34"),
        ({}, "interval too wide: -1.0 % to +6.0 %, tolerance ± 2.0 %"),
        ({"interval": None, "rest_users": 0}, "nobody to compare with"),
        ({"interval": None}, "too little was counted"),
        ({"interval": [0.03, 0.06]}, "beyond the tolerance (+3.0 % to +6.0 %)"),
        ({"interval": [0.03, 0.06], "rest_users": 7}, "all others are under 100 people: 7"),
        ({"verdict": "within"}, ""),
    ],
)
def test_a_reason_names_the_figures(changes, text):
    row = {
        "verdict": "inconclusive",
        "users": 200,
        "rest_users": 300,
        "unit": "share of the default's seconds",
        "interval": [-0.01, 0.06],
        "shared_interval": [-0.03, 0.08],
        "tolerance": 0.02,
    }

    told = reason({**row, **changes})

    assert told.startswith(text) and bool(told) == bool(text)


def test_the_page_says_what_changed_since_the_anchor(looks):
    first, _, html = looks

    told = html.split("Since the anchor</h2>")[1].split("</section>")[0]
    assert re.search(r"Time against the default layout</b>: 2 exceeds; the largest change", told)
    assert re.search(r"disability [YN] on page\.", told)
    assert "not compared with an anchor" in page(first)


def test_each_metric_is_plotted_over_the_versions_with_their_names(looks):
    _, _, html = looks

    told = html.split("Over the versions</h2>")[1].split("</section>")[0]
    assert "<li value=1>shop-1</li><li value=2>shop-2</li>" in told
    for title in ("Time against the default layout", "Blocks moved", "Distortion", "Cold start"):
        assert title in told
    assert told.count("looks 1 to 2") >= 2 * 4


def test_the_stored_power_is_of_the_size_that_is_claimed(looks):
    power = stored_power()

    assert power["people"] == "replay" and power["users"] == 4000
    assert power["chains"] >= 200 and len(power["seeds"]) >= 3
    for seed in power["seeds"]:
        assert seed["quiet_chains_alarmed"] <= 0.05 and seed["quiet_audits_within"] >= 0.8
        assert seed["creep_caught_by_6"] >= 0.8
    assert power["command"] in reliability(power) and reliability(power) in looks[2]
