"""The page: safe, self-contained, and careful with words."""

import re

import pytest

from ml import audit_cohort
from ml.audit import audit
from ml.audit_report import page
from ml.audit_words import slice_name, written


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    visits, people = audit_cohort.simulate(
        folder / "replay.jsonl", users=600, visits=4, planted=audit_cohort.upside_down
    )
    people["gender"] = people["gender"].replace({"F": "<script>alert(1)</script>"})
    by = ["gender", "disability"]
    return audit(folder / "replay.jsonl", visits, people, by, out=folder, simulated=True)


def test_values_from_files_are_escaped(report):
    html = page(report)

    assert "<script" not in html
    assert "&lt;script&gt;alert(1)" in html


def test_the_page_needs_no_other_file(report):
    assert not re.search(r"(src|href)=|url\(|@import", page(report))


def test_it_names_who_is_served_worse_and_what_is_left_out(report):
    html = page(report)

    assert re.search(r"Served worse than the rest.*disability Y on page", html, re.S)
    assert "modelled, not measured" in html
    assert "simulated" in html
    assert "What these numbers leave out" in html


def test_real_people_are_not_called_simulated(report):
    html = page({**report, "simulated": False})

    assert "simulated" not in html.split("</style>")[1]


def test_it_promises_nothing(report):
    text = re.sub("<[^>]+>", " ", page(report)).lower()

    for word in ("debias", "unbiased", "fair", "solved", "guarantee"):
        assert word not in text


def test_figures_are_written_for_readers():
    assert written(0.0166, "share of visits") == "+1.7 %"
    assert written(-0.0001, "share of visits") == "0.0 %"
    assert written(-0.25, "blocks a visit") == "-0.25"
    assert slice_name({"gender": "F", "disability": "Y"}) == "gender F × disability Y"


def test_it_shows_how_often_such_audits_err(report):
    seed = {
        "quiet_chains_alarmed": 0.01,
        "quiet_audits_within": 0.9,
        "naive_quiet_chains_alarmed": 0.5,
        "edge_chains_alarmed": 0.02,
        "creep_caught_by_6": 0.95,
        "naive_creep_caught_by_6": 0.1,
        "power_curve": [0.0, 0.25, 1.0],
    }
    power = {"people": "replay", "users": 4000, "chains": 200, "retrains": 12, "seeds": [seed]}

    html = page(report, power=power)

    assert "90.0 % of the audits say within" in html
    assert ">25</text>" in html
