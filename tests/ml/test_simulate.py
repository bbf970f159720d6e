from __future__ import annotations

import json
from pathlib import Path

import pytest

from ml import simulate
from ml.data.cohort import BLOCKS_PER_VISIT, cohort
from ml.data.needs import people_with_needs
from ml.data.surface_files import read_surfaces
from ml.data.tables import check_people, check_visits


def test_the_same_seed_gives_the_same_rows():
    one, other = cohort(10, seed=3), cohort(10, seed=3)

    assert one[0].equals(other[0]) and one[1].equals(other[1])
    assert not one[0].equals(cohort(10, seed=4)[0])


def test_rows_keep_the_contract():
    visits, people = cohort(20, seed=1)

    assert check_visits(visits, "v")[1] == []
    assert check_people(people, "p")[1] == []


def test_blocks_per_visit_follow_the_aggregates():
    visits, _ = cohort(200, seed=2)

    per_visit = visits.groupby(["user", "at"]).size()
    shares = per_visit.value_counts(normalize=True).sort_index()

    assert list(shares) == pytest.approx(list(BLOCKS_PER_VISIT), abs=0.02)


def test_a_block_used_last_time_is_likelier():
    """OULAD AAA and BBB: P(forum | used last visit) is 0.75 and 0.89, else 0.27 and 0.54."""
    visits, _ = cohort(200, seed=2)
    used = visits.assign(one=1).pivot_table(
        index=["user", "at"], columns="block", values="one", fill_value=0
    )
    before = used.groupby(level=0).shift(1)
    again = used["forum"][before["forum"] == 1].mean()
    anew = used["forum"][before["forum"] == 0].mean()

    assert again - anew > 0.3


def test_the_quiz_person_turns_to_quizzes_before_the_exam():
    visits, _ = cohort(200, seed=2)
    mine = visits[visits["user"].str.contains("quiz person")]
    late = mine["at"] >= "2026-04-20"

    rate = (mine["block"] == "quiz").groupby(late).mean()

    assert rate[True] > 4 * rate[False]


def test_the_shipped_cohort_is_what_the_command_makes(tmp_path, capsys):
    simulate.main(["--out", str(tmp_path)])

    line = json.loads(capsys.readouterr().out)
    assert line["data"] == "simulated"
    for name in ("cohort_visits.csv", "cohort_people.csv"):
        assert (tmp_path / name).read_text() == Path("fixtures", name).read_text()


def test_people_are_what_their_names_say():
    """A habit is a block used in at least 60 % of visits, or leads in the last three weeks."""
    about = {
        "forum reader": "forum",
        "reads week by week": "content",
        "downloads everything": "resources",
        "lives in the live room": "live",
        "follows links": "links",
        "checks assignments": "assignments",
        "looks words up": "glossary",
    }
    visits, _ = cohort(200, seed=5)
    seen = set()
    for user, rows in visits.groupby("user"):
        habit, days = user.partition(" – ")[2], rows["at"].nunique()
        uses = rows.groupby("block")["at"].nunique()
        seen.add(habit)
        if habit in about:
            assert uses[about[habit]] >= 0.6 * days, user
        elif habit == "quiz person before the exam":
            late = rows[rows["at"] >= "2026-04-20"].groupby("block")["at"].nunique()
            assert late["quiz"] == late.max(), user
        else:
            named = uses[uses.index.isin(about.values())]
            assert days == 1 if habit == "new student" else all(named < 0.6 * days), user
    assert len(seen) == 10


def test_the_shipped_people_of_pages_are_what_the_command_makes(tmp_path):
    names = ("bank", "shop_account", "health_portal", "operations")
    pages = [f"fixtures/surfaces/{name}.json" for name in names]
    count = ["--people", "6", "--visits", "20", "--named", "--seed", "22"]

    assert simulate.main(["--surface", *pages, *count, "--out", str(tmp_path)]) == 0

    made = (tmp_path / "pages_visits.csv").read_text()
    assert made == Path("fixtures/pages_visits.csv").read_text()


def test_people_of_a_declared_page_use_what_they_need():
    bank = read_surfaces([Path("fixtures/surfaces/bank.json")])["bank"]
    visits, needs = people_with_needs(bank, 100, 20, seed=1)
    again, _ = people_with_needs(bank, 100, 20, seed=1)

    assert visits.equals(again) and check_visits(visits, "v")[1] == []
    assert set(visits["block"]) <= set(bank.index) - {"accounts"}
    days, uses = visits.groupby("user")["at"].nunique(), visits.groupby(["user", "block"]).size()
    assert set(days) == {20}
    single = needs.groupby("user").filter(lambda rows: len(rows) == 1)
    assert len(single) == 20
    for user, block in zip(single["user"], single["block"], strict=True):
        assert uses[user].to_dict() == {block: 20}
    first = needs[needs["weight"] > 0.5]  # of two to five needs, the first weighs half or more
    used = [
        uses[user].get(block, 0) / 20
        for user, block in zip(first["user"], first["block"], strict=True)
    ]
    assert 0.6 < sum(used) / len(used) <= 1
