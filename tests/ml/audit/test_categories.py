"""Attribute values: one spelling, one unknown slice, rare values as one, no category refused."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.audit import cohort
from ml.audit.audit import audit
from ml.audit.categories import MOST_VALUES, NO_VALUE, compared, spellings
from ml.audit.site_facts import SiteFacts
from ml.audit.slices import attach_attributes
from ml.data.errors import DataError

UNKNOWN_TEXTS = ["NA", "N/A", "n/a", "?", "<NA>", "null", "None", "-", "", "  ", "nan", "NULL"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("categories")
    visits, people = cohort.simulate(folder / "replay.jsonl", users=600, visits=2)
    return folder, visits, people


def run(made, people, by, tmp_path, **more):
    folder, visits, _ = made
    return audit(folder / "replay.jsonl", visits, people, by, out=tmp_path, **more)


def slices_of(report, name):
    return {r["slice"][name]: r["users"] for r in report["slices"] if list(r["slice"]) == [name]}


def test_every_way_to_write_nothing_is_one_unknown_slice_counted_and_said(made, tmp_path):
    people = made[2].assign(gender=[*UNKNOWN_TEXTS * 10, *["F", "M"] * 240])

    report = run(made, people, ["gender"], tmp_path)

    assert slices_of(report, "gender") == {"F": 240, "M": 240, "unknown": 120}
    known = report["attributes"][0]
    assert (known["users"], known["unknown"]) == (600, 120)
    assert known["unknown_written"] == dict.fromkeys(UNKNOWN_TEXTS, 10)
    html = (tmp_path / "report.html").read_text()
    assert "known of 480 of 600 people (80.0 %)" in html
    assert "Counted as unknown: “  ” (10), “-” (10)" in html


def test_case_and_blanks_make_no_other_value_and_the_commonest_spelling_stands(made, tmp_path):
    texts = [*["Y"] * 200, *["y"] * 60, *[" Y "] * 40, *["no"] * 200, *["No"] * 100]
    people = made[2].assign(disability=texts)

    report = run(made, people, ["disability"], tmp_path)

    assert slices_of(report, "disability") == {"Y": 300, "no": 300}
    assert report["attributes"][0]["written_alike"] == {"Y": [" Y ", "y"], "no": ["No"]}
    assert "Y (also “ Y ”, “y”)" in (tmp_path / "report.html").read_text()


def test_a_person_who_is_written_twice_in_two_spellings_is_one(made):
    users = pd.DataFrame({"surface": ["p"], "user": ["1"]})
    people = pd.DataFrame({"user": ["1", "1"], "gender": ["F", "f "]})
    assert list(attach_attributes(users, people, ["gender"])["gender"]) == ["F"]


def test_an_income_is_refused_with_a_way_to_bin_it_that_works(made, tmp_path):
    income = np.random.default_rng(0).lognormal(10, 0.5, 600)
    people = made[2].assign(income=income)

    with pytest.raises(DataError, match="600 different values among 600 people") as refused:
        run(made, people, ["gender", "income"], tmp_path)

    line = str(refused.value).partition("each: ")[2]
    exec(line, {"people": people, "pandas": pd})  # the sentence's own line
    report = run(made, people, ["income_band"], tmp_path)
    assert sorted(slices_of(report, "income_band").values()) == [150] * 4


def test_an_income_that_nobody_asked_for_is_left_out_and_named(made, tmp_path):
    people = made[2].assign(income=np.arange(600))

    report = run(made, people, ["gender", "income"], tmp_path, site=SiteFacts(is_chosen=False))

    assert report["by"] == ["gender"]
    assert [one["attribute"] for one in report["left_out"]] == ["income"]
    assert "<b>income</b> was left out: it is no category" in (tmp_path / "report.html").read_text()


def test_without_any_category_nothing_is_said(made, tmp_path):
    people = made[2].assign(income=np.arange(600))

    report = run(made, people, ["income"], tmp_path, site=SiteFacts(is_chosen=False))

    assert report["verdict"] == "inconclusive"
    assert {tuple(r["slice"].items()) for r in report["slices"]} == {(("attributes", "unknown"),)}


def test_of_too_many_values_those_of_few_people_are_one_slice(made, tmp_path):
    towns = [*["north"] * 300, *["south"] * 200, *(f"town {i % 60}" for i in range(100))]

    report = run(made, made[2].assign(town=towns), ["town"], tmp_path)

    assert slices_of(report, "town") == {"north": 300, "south": 200, "60 rare values": 100}
    assert report["attributes"][0]["rare_values"] == 60


def test_four_thousand_values_take_the_memory_of_a_few(tmp_path):
    """Those of few people are one slice before anything is counted by them."""
    replay = tmp_path / "replay.jsonl"
    visits, people = cohort.simulate(replay, users=4_200, visits=1)
    peaks, slices = [], []
    for others in (["west"] * 4_000, [f"town {i}" for i in range(4_000)]):
        described = people.assign(town=[*["north"] * 100, *["south"] * 100, *others])
        tracemalloc.start()
        report = audit(replay, visits, described, ["town"], out=tmp_path / "out")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        slices.append(len(report["slices"]))

    assert slices[0] == slices[1]
    assert peaks[1] < 2 * peaks[0]


def test_up_to_the_limit_each_value_is_listed(made, tmp_path):
    towns = [f"town {i % MOST_VALUES}" for i in range(600)]

    report = run(made, made[2].assign(town=towns), ["town"], tmp_path)

    assert slices_of(report, "town") == {f"town {i}": 12 for i in range(MOST_VALUES)}


def test_a_crossing_that_nobody_has_is_listed_as_inconclusive(made, tmp_path):
    people = made[2].assign(gender=["F", "M"] * 300, club=["yes", "no"] * 300)

    report = run(made, people, ["gender", "club"], tmp_path)

    empty = [r for r in report["slices"] if r["slice"] == {"gender": "F", "club": "no"}]
    assert {(r["users"], r["n"]) for r in empty} == {(0, 0)}
    assert {r["verdict"] for r in empty if r["tolerance"]} == {"inconclusive"}
    assert "gender F × club no" in (tmp_path / "report.html").read_text()


def test_those_without_a_value_are_compared_in_what_they_do(made, tmp_path):
    """By hand: in the cohort all make 2 visits; those without a value use what the others use."""
    _, visits, people = made
    lacking = set(people["user"][:100])
    people = people.assign(gender=["" if user in lacking else "F" for user in people["user"]])

    known = run(made, people, ["gender"], tmp_path)["attributes"][0]

    used = visits.groupby(visits["user"].isin(lacking))["block"].count()
    assert known["behaviour"]["without"]["visits_a_person"] == 2.0
    assert known["behaviour"]["without"]["uses_a_visit"] == pytest.approx(used[True] / 200)
    assert known["behaviour"]["with"]["uses_a_visit"] == pytest.approx(used[False] / 1000)
    assert "Those without: 2.0 visits a person" in (tmp_path / "report.html").read_text()


def test_of_under_ten_people_without_a_value_nothing_is_said(made, tmp_path):
    people = made[2].assign(gender=[*[""] * 9, *["F"] * 591])

    assert run(made, people, ["gender"], tmp_path)["attributes"][0]["behaviour"] is None


def test_an_attribute_that_one_person_has_does_not_hide_another(tmp_path):
    replay = tmp_path / "replay.jsonl"
    visits, people = cohort.simulate(replay, users=2500, visits=8)
    people = people.assign(region=people["gender"], gender=["F", *[""] * 2499])

    report = audit(replay, visits, people, ["gender", "region"], out=tmp_path / "out")

    assert report["verdict"] == "within"
    assert report["attributes"][0]["unknown"] == 2499


@given(st.lists(st.text(alphabet="aAbB ?-", max_size=4)))
def test_spellings_agree_with_comparing_each_pair(texts):
    of = spellings(texts).of
    for one in texts:
        for other in texts:
            bare = [" ".join(t.split()).lower() for t in (one, other)]
            both = all(b in NO_VALUE for b in bare)
            assert (of[one] == of[other]) == (bare[0] == bare[1] or both)


def test_a_refresh_is_balanced_over_the_same_values():
    people = [{"user": str(i), "gender": "Ff"[i % 2], "income": str(i)} for i in range(60)]

    rows, by = compared(people, ["gender", "income"])

    assert by == ["gender"]
    assert {row["gender"] for row in rows} == {"F"}
