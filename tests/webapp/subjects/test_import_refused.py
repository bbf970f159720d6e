"""What fits nothing ends `import_events` and `map_events` with an error and the next step."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from webapp.subjects.models import ImportedTie, Subject, Visit

pytestmark = pytest.mark.django_db

MAP = """
[[rule]]
event = "click"
surface = "course-home"
block = "section"
"""


def event(**more: Any) -> dict[str, Any]:
    at = "2026-05-04T09:00:00Z"
    return {"event": "click", "section": "forum", "user": "u", "at": at, "id": "1", **more}


def written(folder: Path, *rows: dict[str, Any]) -> str:
    path = folder / "events.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def imported(folder: Path, *rows: dict[str, Any], keys: str = "", rules: str = MAP) -> str:
    (folder / "my.toml").write_text(rules)
    out = StringIO()
    table = folder / "keys.csv"
    table.write_text(keys)
    call_command(
        "import_events",
        written(folder, *rows),
        format="plain",
        map=str(folder / "my.toml"),
        keys=str(table) if keys else None,
        stdout=out,
    )
    return out.getvalue()


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([], r"events\.jsonl: events = '0'.*export again"),
        ([event(event="tap")], r"no rule for the event tap: 1.*give my\.toml a \[\[rule\]\]"),
        ([event(section="footer")], r"footer is no block of course-home: 1.*`blocks` of the rule"),
        ([event(section=None)], r"no section in the event click: 1.*correct `block` in my\.toml"),
        ([event(user=None)], r"no person.*under \[person\] in my\.toml"),
        ([event(at="soon")], r"no time that can be read.*as --format"),
        ([{"type": "track"}], r"no event name: 1.*where an export of plain has it.*as --format"),
    ],
)
def test_files_of_which_nothing_fits_are_refused_by_why(page, tmp_path, rows, says):
    with pytest.raises(CommandError, match=says):
        imported(tmp_path, *rows, event(event="identify", anonymous="device")) if rows else (
            imported(tmp_path)
        )

    assert not Subject.objects.exists()


def test_a_table_of_ones_own_is_told_its_columns(page, tmp_path):
    with pytest.raises(CommandError, match=r"event, at, user, anonymous and id .* with commas"):
        imported(tmp_path, {"User;Time;Event;Section": "u;2026-05-04;click;forum"})


def test_what_the_map_says_of_no_event_is_told(page, tmp_path):
    slip = MAP.replace("click", "clik")

    said = imported(tmp_path, event(), rules=MAP + slip)

    assert "of the map, rule 2 (clik): it fits no event" in said
    assert len(json.loads(said.splitlines()[-1])["unused"]) == 1


def test_a_file_of_identities_alone_is_kept(page, tmp_path):
    said = imported(tmp_path, event(event="identify", anonymous="device"))

    assert ImportedTie.objects.get().alias == "device"
    assert "nothing but who is whom" in said


def test_events_without_a_use_are_not_called_imported_before(page, tmp_path):
    rule = """[[rule]]
event = "seen"
kind = "impression"
surface = "course-home"
block = "section"
"""

    said = imported(tmp_path, event(event="seen"), rules=MAP + rule)

    assert "imported before" not in said
    assert "impressions and dismissals alone make no visit: give the map a [[rule]]" in said


def test_a_use_that_joins_a_known_visit_is_not_called_imported_before(page, tmp_path):
    imported(tmp_path, event())

    joined = imported(tmp_path, event(at="2026-05-04T09:01:00Z", id="2"))
    again = imported(tmp_path, event())

    assert json.loads(joined.splitlines()[-1])["visits"] == 0
    assert "imported before" not in joined
    assert "All of it was imported before: no visit is new." in again


def test_of_a_known_visit_only_uses_that_it_lacked_are_counted(page, tmp_path):
    imported(tmp_path, event(), event(section="links", at="2026-05-04T09:01:00Z", id="2"))

    joined = imported(tmp_path, event(section="glossary", at="2026-05-04T09:02:00Z", id="3"))

    assert len(Visit.objects.get().uses) == 3
    assert json.loads(joined.splitlines()[-1])["uses"] == 1


@pytest.mark.parametrize("key", ["jango:5", "Django:5", "djnago:5", "django5", "django-5"])
def test_a_slip_of_an_accounts_key_is_refused(page, tmp_path, key):
    with pytest.raises(CommandError, match=f"key = '{key}'; looks like a slip of django:"):
        imported(tmp_path, event(), keys=f"user,key\nu,{key}\n")

    assert not Subject.objects.exists()


def test_a_key_like_djangos_that_somebody_has_is_taken(page, tmp_path):
    Subject.objects.create(key="djangos:5")

    imported(tmp_path, event(), keys="user,key\nu,djangos:5\n")

    assert Visit.objects.get().profile.subject.key == "djangos:5"


def test_keys_that_nobody_had_are_named(page, tmp_path):
    Subject.objects.create(key="shop:1")
    rows = [event(), event(user="v", id="2")]

    said = imported(tmp_path, *rows, keys="user,key\nu,shop:1\nv,shpo:2\n")

    assert "Keys that nobody had before, subjects from now on: shpo:2." in said
    assert json.loads(said.splitlines()[-1])["new_keys"] == ["shpo:2"]


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([], r"events\.jsonl: events = '0'.*export again"),
        ([{"event_type": "click"}], r"events = '1'; no event name where an export of plain has it"),
    ],
)
def test_map_events_refuses_files_without_events(page, tmp_path, rows, says):
    out = tmp_path / "my.toml"

    with pytest.raises(CommandError, match=says):
        call_command("map_events", written(tmp_path, *rows), format="plain", out=str(out))

    assert not out.exists()


def test_map_events_refuses_a_folder_that_is_not_there_before_it_reads(page, tmp_path):
    out = tmp_path / "maps" / "my.toml"

    with pytest.raises(CommandError, match=r"--out: .*maps is no folder\. Make it"):
        call_command("map_events", str(tmp_path / "none.jsonl"), format="plain", out=str(out))


def test_map_events_says_how_to_go_on_where_no_property_names_a_block(page, tmp_path):
    out, error = StringIO(), StringIO()

    call_command(
        "map_events",
        written(tmp_path, event(section="footer")),
        format="plain",
        stdout=out,
        stderr=error,
    )

    assert "# click, 1 times: no property names a block" in out.getvalue()
    assert "Write a [[rule]] by hand" in error.getvalue()


def test_map_events_says_how_a_first_page_is_made(db, tmp_path, capsys):
    out = tmp_path / "map.toml"
    row = {"event": "click", "at": "2026-05-04T09:00:00Z", "user": "u", "section": "forum"}
    (tmp_path / "events.jsonl").write_text(json.dumps(row) + "\n")

    call_command("map_events", str(tmp_path / "events.jsonl"), format="plain", out=str(out))

    said = capsys.readouterr().err
    assert "There is no surface yet" in said and "manage.py import_surface" in said
