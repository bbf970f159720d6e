from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from uiengine.behaviour import profile
from webapp.subjects import mappers
from webapp.subjects.models import PersonalAttributes, Profile, Subject, Visit
from webapp.surfaces.models import PopularityDay, Surface

pytestmark = pytest.mark.django_db

HEAD = "surface,user,at,block,uses"
ROWS = (
    "shop,ada,2026-01-01,cart,2",
    "shop,ada,2026-01-01,deals,1",
    "shop,ada,2026-01-03,cart,1",
    "shop,bob,2026-01-02,help,4",
)


def write(folder: Path, *rows: str, name: str = "visits.csv") -> str:
    path = folder / name
    path.write_text("\n".join([HEAD, *rows]) + "\n")
    return str(path)


def run(*args: str, **options: object) -> dict[str, object]:
    out = StringIO()
    call_command("import_visits", *args, stdout=out, **options)
    line: dict[str, object] = json.loads(out.getvalue().splitlines()[-1])
    return line


def everything() -> list[object]:
    """Returns all rows that an import writes."""
    states = Profile.objects.order_by("pk").values_list("subject__key", "state", "version")
    visits = Visit.objects.order_by("pk").values_list("visit", "started_at", "day", "uses")
    days = PopularityDay.objects.order_by("pk").values_list("day", "shares", "visits")
    people = PersonalAttributes.objects.order_by("pk").values_list("subject_id", "values")
    surfaces = Surface.objects.values_list("slug", "revision", "definition")
    return [list(rows) for rows in (states, visits, days, people, surfaces)]


def test_a_missing_surface_gets_its_blocks_the_most_used_first(tmp_path):
    run(write(tmp_path, *ROWS))

    definition = Surface.objects.get(slug="shop").definition
    assert [block["id"] for block in definition["blocks"]] == ["cart", "deals", "help"]


def test_profiles_are_folded_as_the_engine_folds_visits(tmp_path):
    run(write(tmp_path, *ROWS))

    expected = profile.Profile()
    profile.fold_visit(expected, 20454, ["cart", "deals"])
    profile.fold_visit(expected, 20456, ["cart"])
    expected.last_event = 20456 * 86_400
    row = Profile.objects.get(subject__key="file:ada")
    assert mappers.to_state(row).profile == expected
    assert row.subject.source == Subject.Source.IMPORTED


def test_popularity_is_counted_by_day(tmp_path):
    run(write(tmp_path, *ROWS))

    days = PopularityDay.objects.order_by("day").values_list("day", "shares", "visits")
    assert list(days) == [
        (20454, {"cart": 0.5, "deals": 0.5}, 1),
        (20455, {"help": 1.0}, 1),
        (20456, {"cart": 1.0}, 1),
    ]


def test_only_a_subjects_first_three_visits_are_newcomers(tmp_path):
    visits = [f"shop,ada,2026-01-0{day},{block},1" for day, block in enumerate("abba", start=1)]
    run(write(tmp_path, *visits[:2]))
    run(write(tmp_path, *visits))

    days = PopularityDay.objects.order_by("day").values_list("newcomers", flat=True)
    assert list(days) == [{"a": 1.0}, {"b": 1.0}, {"b": 1.0}, {}]


def test_a_second_import_changes_nothing_and_says_so(tmp_path, capsys):
    people = tmp_path / "people.csv"
    people.write_text("user,surface,gender\nada,shop,F\nbob,shop,\n")
    path = write(tmp_path, *ROWS)
    first = run(path, people=str(people))
    before = everything()

    out = StringIO()
    call_command("import_visits", path, people=str(people), stdout=out)

    assert first["visits"] == 3
    assert everything() == before
    assert "nothing changed" in out.getvalue()


def test_earlier_visits_that_come_later_are_folded_in_their_place(tmp_path):
    run(write(tmp_path, *ROWS[2:]))
    run(write(tmp_path, *ROWS[:2], name="earlier.csv"), add_blocks=True)
    apart = mappers.to_state(Profile.objects.get(subject__key="file:ada")).profile
    Surface.objects.all().delete()

    run(write(tmp_path, *ROWS))

    whole = mappers.to_state(Profile.objects.get(subject__key="file:ada")).profile
    assert apart == whole


def test_people_give_attributes_and_unknown_ones_are_left_out(tmp_path):
    people = tmp_path / "people.csv"
    people.write_text("user,gender,age_band\nada,F,0-35\nbob,,0-35\nnobody,M,0-35\n")

    line = run(write(tmp_path, *ROWS), people=str(people))

    assert line["attributes"] == 2
    stored = dict(PersonalAttributes.objects.values_list("subject__key", "values"))
    assert stored == {
        "file:ada": {"gender": "F", "age_band": "0-35"},
        "file:bob": {"age_band": "0-35"},
    }


def test_bad_rows_stop_everything_and_are_all_named(tmp_path):
    path = write(tmp_path, *ROWS, "shop,,2026-01-01,cart,1", "shop,eve,someday,cart,0")

    with pytest.raises(CommandError) as error:
        run(path)

    message = str(error.value)
    assert "visits.csv, row 5: user = ''" in message
    assert "row 6: at = 'someday'" in message and "row 6: uses = '0'" in message
    assert "Nothing was imported" in message
    assert not Subject.objects.exists() and not Surface.objects.exists()


def test_visits_in_the_future_are_bad_rows(tmp_path):
    today, tomorrow, later = (datetime.now(UTC) + timedelta(hours=h) for h in (0, 23, 25))
    rows = [f"shop,eve,{at.isoformat()},cart,1" for at in (later, tomorrow)]
    path = write(tmp_path, *ROWS, *rows, f"shop,eve,{today.date()},cart,1")

    with pytest.raises(CommandError) as error:
        run(path)

    message = str(error.value)
    assert "1 bad value(s)" in message and "--skip-bad" in message
    assert f"row 5: at = '{later.isoformat()}'; must not lie in the future" in message
    assert not Subject.objects.exists()
    line = run(path, skip_bad=True)
    assert (line["visits"], line["skipped"]) == (5, 1)


def test_visits_of_any_time_may_be_moved_to_a_day_of_the_past(tmp_path):
    line = run(write(tmp_path, "shop,ada,2099-01-01,cart,1"), ending="2026-02-01")

    assert line["visits"] == 1


def test_bad_rows_are_left_out_when_asked(tmp_path):
    line = run(write(tmp_path, *ROWS, "shop,eve,someday,cart,1"), skip_bad=True)

    assert (line["visits"], line["skipped"]) == (3, 1)


def test_a_block_that_a_known_surface_lacks_is_refused(tmp_path):
    run(write(tmp_path, *ROWS))

    with pytest.raises(CommandError, match="block = 'typo'; surface shop has no such block"):
        run(write(tmp_path, "shop,ada,2026-01-05,typo,1"))


def test_lacking_blocks_are_added_when_asked(tmp_path):
    run(write(tmp_path, *ROWS))

    run(write(tmp_path, "shop,ada,2026-01-05,news,1"), add_blocks=True)

    shop = Surface.objects.get(slug="shop")
    assert [block["id"] for block in shop.definition["blocks"]] == ["cart", "deals", "help", "news"]
    assert shop.revision == 2


def test_only_the_named_surface_is_imported(tmp_path):
    run(write(tmp_path, *ROWS, "home,ada,2026-01-01,news,1"), surface=["home"])

    assert list(Surface.objects.values_list("slug", flat=True)) == ["home"]


def test_old_visits_may_be_moved_and_stay_known(tmp_path):
    path = write(tmp_path, *ROWS)
    run(path, ending="2026-02-01")

    assert str(Visit.objects.latest("started_at").started_at.date()) == "2026-02-01"
    assert run(path)["visits"] == 0


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(CommandError, match=r"nowhere\.csv.*must exist"):
        run(str(tmp_path / "nowhere.csv"))
