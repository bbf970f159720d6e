"""`import_events`: the same profiles whatever the order, the split and the repetition of files."""

from __future__ import annotations

import json
import re
from contextlib import nullcontext
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, reset_queries
from django.db.models.signals import post_init
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from uiengine.behaviour import profile as profiles
from webapp.lib import database
from webapp.privacy.erase import subject_erase
from webapp.privacy.export import subject_export
from webapp.subjects import mappers
from webapp.subjects.imports.events import jobs
from webapp.subjects.imports.visits import visits_import
from webapp.subjects.models import Import, ImportedHistory, ImportedTie, Profile, Subject, Visit
from webapp.surfaces.models import PopularityDay

pytestmark = pytest.mark.django_db

MAP = """
[[rule]]
event = "click"
surface = "course-home"
block = "section"
[[rule]]
event = "seen"
kind = "impression"
surface = "course-home"
block = "section"
"""
START = 1_777_852_800_000  # 2026-05-04
MINUTE = 60_000


def row(
    key: str, minute: int, block: str, user: str | None, device: str | None, **more: Any
) -> Any:
    at = START + minute * MINUTE
    fixed = {"id": key, "at": at, "event": "click", "section": block}
    return {**fixed, "user": user, "anonymous": device, **more}


def run(folder: Path, *files: list[Any], dry_run: bool = False, keys: str = "") -> dict[str, Any]:
    (folder / "map.toml").write_text(MAP)
    paths = []
    for number, rows in enumerate(files):
        path = folder / f"{number}.jsonl"
        path.write_text("".join(json.dumps(r) + "\n" for r in rows))
        paths.append(str(path))
    out = StringIO()
    call_command(
        "import_events",
        *paths,
        format="plain",
        map=str(folder / "map.toml"),
        dry_run=dry_run,
        keys=keys or None,
        stdout=out,
    )
    line: dict[str, Any] = json.loads(out.getvalue().splitlines()[-1])
    return line


def stored() -> dict[str, Any]:
    """Each person's profile and visits, and the page's popularity."""
    people: dict[str, Any] = {}
    for row in Profile.objects.select_related("subject"):
        visits = row.visits.order_by("started_at").values_list("started_at", "uses")
        state = {k: v for k, v in row.state.items() if k != "visit"}
        people[row.subject.key] = (state, list(visits))
    days = PopularityDay.objects.filter(visits__gt=0).order_by("day")
    shares = [(d.day, d.visits, {b: round(s, 9) for b, s in d.shares.items()}) for d in days]
    return {"people": people, "days": shares}


def blocks(page: Any) -> list[str]:
    return [block["id"] for block in page.definition["blocks"]]


def test_visits_are_cut_by_the_surfaces_gap_and_folded_as_the_engine_does(page, tmp_path):
    one, two, three = blocks(page)[:3]
    gap = page.visit_minutes
    rows = [
        row("1", 0, one, "u", None),
        row("2", gap - 1, two, "u", None),
        row("3", 2 * gap, three, "u", None),  # gap + 1 minutes later
        row("4", 3 * gap - 1, one, "u", None, event="seen"),
    ]

    done = run(tmp_path, rows)

    expected = profiles.Profile()
    day = START // 86_400_000
    profiles.fold_visit(expected, day, sorted([one, two]))
    profiles.fold_visit(expected, day, [three])
    kept = Profile.objects.get(subject__key="file:u")
    assert mappers.to_state(kept).profile.blocks == expected.blocks
    assert [v.uses for v in kept.visits.order_by("started_at")] == [{one: 1, two: 1}, {three: 1}]
    assert (done["visits"], done["mapped"]) == (2, {"impression": 1, "use": 3})


def test_visits_from_elsewhere_stay_in_the_profile_in_order_of_time(page, tmp_path):
    one, two, three = blocks(page)[:3]
    day = START // 86_400_000
    seconds = START / 1000 + 86_400
    visits_import(rows=[(page.slug, "file:u", seconds, day + 1, two, 1)])

    run(tmp_path, [row("1", 0, one, "u", None)])
    run(tmp_path, [row("2", 2 * 1440, three, "u", None)])

    expected = profiles.Profile()
    for number, block in enumerate((one, two, three)):
        profiles.fold_visit(expected, day + number, [block])
    kept = mappers.to_state(Profile.objects.get(subject__key="file:u")).profile
    assert (kept.blocks, kept.visits) == (expected.blocks, 3)


def test_a_device_becomes_the_person_who_signs_in_later_even_by_another_import(page, tmp_path):
    one, two = blocks(page)[:2]
    run(tmp_path, [row("1", 0, one, None, "device")])
    assert Profile.objects.get().subject.key == "file:device"

    run(tmp_path, [row("2", 2000, two, "u", "device")])

    assert [p.subject.key for p in Profile.objects.all()] == ["file:u"]
    assert [v.uses for v in Visit.objects.order_by("started_at")] == [{one: 1}, {two: 1}]
    assert not Subject.objects.filter(key="file:device").exists()


def test_with_keys_a_users_events_are_a_live_subjects_and_stay_so_without_them(page, tmp_path):
    one, two, three = blocks(page)[:3]
    keys = tmp_path / "keys.csv"
    keys.write_text("user,key\nu,shop:1\n")
    rows = [row("1", 0, one, None, "device"), row("2", 2000, two, "u", "device")]

    done = run(tmp_path, rows, keys=str(keys))
    run(tmp_path, [row("3", 4000, three, "u", None), row("4", 0, one, "v", None)])

    assert {s.key: s.source for s in Subject.objects.all()} == {
        "shop:1": "live",
        "file:v": "imported",
    }
    mine = Visit.objects.filter(profile__subject__key="shop:1").order_by("started_at")
    assert [visit.uses for visit in mine] == [{one: 1}, {two: 1}, {three: 1}]
    assert (done["visits"], run(tmp_path, rows, keys=str(keys))["visits"]) == (2, 0)


def test_events_that_were_a_files_persons_become_the_subjects_whom_a_table_names(page, tmp_path):
    one, two = blocks(page)[:2]
    keys = tmp_path / "keys.csv"
    keys.write_text("user,key\nu,shop:1\n")
    rows = [row("1", 0, one, None, "device"), row("2", 2000, two, "u", "device")]
    run(tmp_path, rows, keys=str(keys))
    at_once = stored()
    clean()

    counted = run(tmp_path, rows)
    run(tmp_path, rows, keys=str(keys))

    assert (counted["subjects"], counted["visits"]) == (1, 2)
    assert stored() == at_once
    assert list(Subject.objects.values_list("key", flat=True)) == ["shop:1"]


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ("user,key\nnobody,shop:1\n", "one user at least must occur in the imported files"),
        ("user,key\nu,django:77\n", "there is none with this primary key"),
        ("person,key\nu,shop:1\n", "columns user and key are needed"),
    ],
)
def test_a_table_of_keys_that_cannot_be_meant_imports_nothing(page, tmp_path, table, says):
    (tmp_path / "keys.csv").write_text(table)

    with pytest.raises(CommandError, match=says):
        run(tmp_path, [row("1", 0, blocks(page)[0], "u", None)], keys=str(tmp_path / "keys.csv"))

    assert not Subject.objects.exists()


def test_an_import_needs_no_operator_that_sqlite_before_3_38_lacks(page, tmp_path, older_sqlite):
    done = run(tmp_path, [row("1", 0, blocks(page)[0], "u", "device")])

    assert (done["visits"], done["ties"]) == (1, 1)


def test_a_dry_run_reports_and_changes_nothing(page, tmp_path):
    rows = [row("1", 0, blocks(page)[0], "u", None)]

    tried = run(tmp_path, rows, dry_run=True)

    assert tried["visits"] == 1
    assert not Subject.objects.exists()
    assert run(tmp_path, rows)["visits"] == 1
    assert run(tmp_path, rows)["visits"] == 0


def test_django_logs_no_statement_of_an_import_while_debug_is_on(page, tmp_path, settings):
    settings.DEBUG = True
    reset_queries()

    run(tmp_path, [row("1", 0, blocks(page)[0], "u", None)])
    assert Visit.objects.count() == 1

    said = [query["sql"] for query in connection.queries]
    assert any("COUNT(*)" in sql for sql in said)  # it logs again afterwards
    assert not any("INSERT" in sql for sql in said)


def test_a_bad_file_imports_nothing_of_the_good_one(page, tmp_path):
    bad = tmp_path / "z.jsonl"
    bad.write_text('{"event": \n')
    good = tmp_path / "a.jsonl"
    good.write_text(json.dumps(row("1", 0, blocks(page)[0], "u", None)))
    (tmp_path / "map.toml").write_text(MAP)

    with pytest.raises(CommandError, match="Nothing was imported"):
        call_command(
            "import_events", str(good), str(bad), format="plain", map=str(tmp_path / "map.toml")
        )

    assert not Subject.objects.exists()


def test_erasing_a_person_takes_what_they_were_imported_from(page, tmp_path):
    run(tmp_path, [row("1", 0, blocks(page)[0], "u", "device")])
    assert (ImportedHistory.objects.count(), ImportedTie.objects.count()) == (1, 1)

    Subject.objects.get(key="file:u").delete()

    assert (ImportedHistory.objects.count(), ImportedTie.objects.count()) == (0, 0)


def test_an_erased_persons_events_are_not_imported_again_but_later_ones_are(page, tmp_path):
    block = blocks(page)[0]
    rows = [row("1", 0, block, "u", None)]
    run(tmp_path, rows)
    subject_erase(key="file:u")
    now = int(datetime.now(UTC).timestamp() * 1000)

    done = run(tmp_path, [*rows, row("2", 0, block, "u", None, at=now + MINUTE)])

    assert (done["erased_events"], done["visits"]) == (1, 1)


def test_an_export_of_a_person_holds_what_was_imported(page, tmp_path):
    run(tmp_path, [row("1", 0, blocks(page)[0], "u", "device")])

    told = json.loads(b"".join(subject_export(key="file:u")))

    assert [tie["alias"] for tie in told["other_ids_in_files"]] == ["device"]
    (event,) = told["profiles"][0]["imported_events"]
    assert (event["at"], event["block"], event["kind"]) == (START, blocks(page)[0], "use")


def test_an_import_reads_no_profile_but_those_of_its_people(page, tmp_path):
    block = blocks(page)[0]
    run(tmp_path, [row(str(n), n, block, f"u{n}", None) for n in range(40)])
    read: list[int] = []

    def note(instance: Profile, **_: Any) -> None:
        read.append(instance.subject_id)

    post_init.connect(note, sender=Profile)
    try:
        run(tmp_path, [row("new", 0, block, "new", None)])
    finally:
        post_init.disconnect(note, sender=Profile)

    assert set(read) == {Subject.objects.get(key="file:new").pk}


def test_popularity_is_written_once_a_day_after_all_people(page, tmp_path, monkeypatch):
    monkeypatch.setattr(jobs, "PEOPLE_AT_ONCE", 1)
    rows = [
        row(f"{user} {day}", 1440 * day, blocks(page)[0], user, None)
        for user in ("u", "v", "w")
        for day in range(2)
    ]
    with CaptureQueriesContext(connection) as said:
        monkeypatch.setattr(database, "statements_unlogged", nullcontext)
        run(tmp_path, rows)

    tables = [re.match(r'\s*(INSERT INTO|UPDATE) "?(\w+)', q["sql"]) for q in said]
    listed = Import._meta.db_table  # a row of its own, which nobody else locks
    written = [match[2] for match in tables if match and match[2] != listed]
    days = PopularityDay._meta.db_table
    assert written.count(Profile._meta.db_table) >= 3  # a part for each person
    assert written[-4:] == [days] * 4  # each day is made and counted
    assert written.count(days) == 4
    assert [day.visits for day in PopularityDay.objects.all()] == [3, 3]


def test_nothing_is_kept_for_each_person_until_the_commit(
    page, tmp_path, django_capture_on_commit_callbacks
):
    rows = [row(str(n), n, blocks(page)[0], f"u{n}", None) for n in range(40)]

    with django_capture_on_commit_callbacks() as waiting:
        run(tmp_path, rows)

    assert len(waiting) == 1  # of the page


IDS = [("u", None), ("u", "d"), ("v", "d"), (None, "d"), (None, "e"), ("v", "e")]
EVENT = st.tuples(
    st.integers(0, 5000),
    st.integers(0, 2),
    st.sampled_from(IDS),
    st.sampled_from(["click", "seen"]),
)


@st.composite
def split_events(draw: Any) -> tuple[list[Any], list[list[int]]]:
    """Events, and files of them: numbers in any order, any number of times, each at least once."""
    events = draw(st.lists(EVENT, min_size=1, max_size=14))
    order = draw(st.permutations(range(len(events))))
    cuts = sorted(draw(st.lists(st.integers(0, len(events)), min_size=1, max_size=3)))
    files = [order[a:b] for a, b in zip([0, *cuts], [*cuts, len(events)], strict=True)]
    files = [file for file in files if file]
    return events, [*files, files[0]]


SEEN_THEN_ANOTHERS = (
    [(0, 0, ("u", "d"), "seen"), (1, 0, (None, "d"), "click"), (1, 0, ("v", "d"), "seen")],
    [[0, 1], [2]],
)
"""The visit of the click is u's after the first file, and v's after the second."""


@settings(
    max_examples=5,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@example(split=SEEN_THEN_ANOTHERS)
@given(split=split_events())
def test_order_split_and_repetition_change_no_profile(page, tmp_path, split):
    events, files = split
    names = blocks(page)
    rows = [
        row(str(number), minute, names[block], user, device, event=event)
        for number, (minute, block, (user, device), event) in enumerate(events)
    ]
    clean()
    run(tmp_path, rows)
    expected = stored()

    clean()
    for file in files:
        run(tmp_path, [rows[number] for number in file])

    assert stored() == expected


def clean() -> None:
    Subject.objects.all().delete()
    PopularityDay.objects.all().delete()
