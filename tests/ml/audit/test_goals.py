"""A goal as a metric by slice: values per person, by hand, and withheld where people are few."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ml.audit import cohort
from ml.audit.audit import audit
from ml.audit.goals import AuditedGoal
from ml.audit.site_facts import SiteFacts

START = datetime(2030, 1, 1, tzinfo=UTC)


def audited(tmp_path, *, users=60, since=START, visits=3, previous=()):
    """People of disability Y order once, others twice; some have a third order of 100."""
    seen, people = cohort.simulate(tmp_path / "replay.jsonl", users=users, visits=visits)
    at = START + timedelta(hours=30)
    events = []
    for user, _, disability in people.itertuples(index=False, name=None):
        events += [(user, at, 2.0)] if disability == "Y" else [(user, at, 2.0), (user, at, 3.0)]
    big = [(people["user"][n], at + timedelta(days=1), 100.0) for n in range(5)]
    before = [(people["user"][0], START - timedelta(days=9), 50.0), ("nobody", at, 7.0)]
    goal = AuditedGoal("page", "order", "Orders", "EUR", 20.0, since, [*events, *big, *before])
    replay, out = tmp_path / "replay.jsonl", tmp_path / "out"
    report = audit(
        replay,
        seen,
        people,
        ["disability"],
        site=SiteFacts(goals=[goal]),
        out=out,
        previous=previous,
    )
    rows = {r["slice"]["disability"]: r for r in report["slices"] if r["metric"] == "goal:order"}
    return report, rows, people


def mean(people, value):
    """Of bounded sums per person: 2 or 5, and the bound of 20 for the first five people."""
    mine = people[people["disability"] == value]
    usual = 2.0 if value == "Y" else 5.0
    return sum(20.0 if user in people["user"][:5].tolist() else usual for user in mine["user"]) / (
        len(mine)
    )


def test_values_per_person_are_compared_by_slice(tmp_path):
    report, rows, people = audited(tmp_path)

    for value in ("Y", "N"):
        assert rows[value]["value"] == pytest.approx(mean(people, value))
    difference = mean(people, "Y") - mean(people, "N")
    assert rows["Y"]["estimate"] == pytest.approx(difference)
    assert rows["Y"]["users"] + rows["N"]["users"] == 60
    assert rows["Y"]["verdict"] is None and rows["Y"]["unit"] == "EUR per person"
    page = (tmp_path / "out" / "report.html").read_text()
    assert "Orders<br>EUR per person" in page
    assert report["goals"] == [
        {"name": "order", "title": "Orders", "unit": "EUR", "since": START.isoformat()}
    ]


def test_visits_from_before_the_goal_was_counted_do_not_count(tmp_path):
    _, rows, people = audited(tmp_path, since=START + timedelta(days=2))

    # The first orders belong to the second day's visits, which do not count any more.
    assert rows["N"]["n"] == len(people[people["disability"] == "N"])
    only_big = people["disability"][:5].tolist().count("N") * 20.0
    assert rows["N"]["value"] == pytest.approx(only_big / rows["N"]["users"])


def test_a_slice_under_ten_people_shows_no_figures(tmp_path):
    _, rows, people = audited(tmp_path, users=30)

    assert (people["disability"] == "Y").sum() < 10
    assert rows["Y"]["value"] is None and rows["N"]["value"] is None
    assert "too few to show" in rows["Y"]["reason"]


def test_without_a_goal_a_report_is_as_before(tmp_path):
    seen, people = cohort.simulate(tmp_path / "replay.jsonl", users=60, visits=2)
    report = audit(tmp_path / "replay.jsonl", seen, people, ["disability"], out=tmp_path / "out")

    assert report["goals"] == []
    assert not [row for row in report["slices"] if row["metric"].startswith("goal")]
