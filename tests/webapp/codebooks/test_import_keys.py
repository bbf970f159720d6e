"""`import_visits --keys` gives visits of files to the subjects who made them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError

from tests.webapp.codebooks.test_import_visits import ROWS, everything, run, write
from uiengine.behaviour import profile
from webapp.privacy.erase import subject_erase
from webapp.subjects import mappers
from webapp.subjects.models import Erasure, PersonalAttributes, Profile, Subject, Visit

pytestmark = pytest.mark.django_db


def keys(folder: Path, *rows: str, head: str = "user,key") -> str:
    path = folder / "map.csv"
    path.write_text("\n".join([head, *rows]) + "\n")
    return str(path)


@pytest.fixture
def ann(db) -> User:
    return User.objects.create_user("ann")


def test_a_user_of_the_file_becomes_the_subject_of_the_map_and_others_stay_files(tmp_path, ann):
    line = run(write(tmp_path, *ROWS), keys=keys(tmp_path, f"ada,django:{ann.pk}"))

    assert line["visits"] == 3
    assert {s.key: s.source for s in Subject.objects.all()} == {
        f"django:{ann.pk}": "live",
        "file:bob": "imported",
    }
    expected = profile.Profile()
    profile.fold_visit(expected, 20454, ["cart", "deals"])
    profile.fold_visit(expected, 20456, ["cart"])
    expected.last_event = 20456 * 86_400
    row = Profile.objects.get(subject__key=f"django:{ann.pk}")
    assert mappers.to_state(row).profile == expected


def test_it_may_be_done_twice_and_in_parts(tmp_path, ann):
    found = keys(tmp_path, f"ada,django:{ann.pk}", "bob,shop:2")
    run(write(tmp_path, *ROWS[2:]), keys=found)
    run(write(tmp_path, *ROWS), keys=found, add_blocks=True)
    before = everything()

    again = run(write(tmp_path, *ROWS), keys=found)

    assert (again["visits"], again["known_visits"]) == (0, 3)
    assert everything() == before
    assert set(Subject.objects.values_list("key", flat=True)) == {f"django:{ann.pk}", "shop:2"}


@pytest.mark.django_db(transaction=True)
def test_a_live_history_and_its_layout_stay(owner, worker, page, tmp_path, clock):
    """Imported visits count beside live ones, and move nothing that was shown."""
    owner.visit("forum")
    owner.wish("pin", "forum", rank=0)
    worker.work()
    before = mappers.to_state(Profile.objects.get())
    day = "2026-02-01"

    run(
        write(tmp_path, f"course-home,ada,{day},quiz,2"),
        keys=keys(tmp_path, f"ada,{owner.key}"),
    )

    after = mappers.to_state(Profile.objects.get())
    assert after.profile.visits == before.profile.visits + 1
    assert after.profile.blocks["quiz"].uses == 1 and after.profile.blocks["forum"].uses == 1
    assert (after.profile.order, after.profile.before) == (
        before.profile.order,
        before.profile.before,
    )
    assert after.profile.feedback == before.profile.feedback
    assert after.visit == before.visit


def test_attributes_of_people_go_to_the_same_subject(tmp_path, ann):
    people = tmp_path / "people.csv"
    people.write_text("user,gender\nada,F\nbob,M\n")

    run(write(tmp_path, *ROWS), people=str(people), keys=keys(tmp_path, f"ada,django:{ann.pk}"))

    rows = PersonalAttributes.objects.values_list("subject__key", "values")
    assert dict(rows) == {f"django:{ann.pk}": {"gender": "F"}, "file:bob": {"gender": "M"}}


BAD = (
    ("ada,django:999999", "row 1: key = 'django:999999'; must be an account's"),
    ("ada,django:abc", "row 1: key = 'django:abc'; must be an account's"),
    ("ada,", "row 1: key = ''; A subject's key is empty"),
    (",shop:1", "row 1: user = ''; must not be empty"),
    (f"ada,{'x' * 201}", "A subject's key has 201 characters, and 200 at most are taken"),
    ("ada,anon:0123", "row 1: key = 'anon:0123'; must not be a visitor's"),
    ("ada,shop:1\nada,shop:2", "row 2: user = 'ada'; must occur once"),
    ("ada,shop:1\nbob,shop:1", "row 2: key = 'shop:1'; must occur once"),
    ("eve,shop:1", "map.csv: user = 'eve'; one user at least must occur in the imported files"),
)


@pytest.mark.parametrize("options", [{}, {"skip_bad": True}])
@pytest.mark.parametrize(("rows", "message"), BAD)
def test_a_bad_row_of_the_map_stops_everything_and_is_named(tmp_path, rows, message, options):
    with pytest.raises(CommandError) as stopped:
        run(write(tmp_path, *ROWS), keys=keys(tmp_path, rows), **options)

    assert message in str(stopped.value) and "Nothing was imported" in str(stopped.value)
    assert not Subject.objects.exists() and everything() == [[]] * 5


def test_every_bad_row_is_named_at_once(tmp_path):
    with pytest.raises(CommandError) as stopped:
        run(write(tmp_path, *ROWS), keys=keys(tmp_path, "ada,django:7", ",shop:1", "bob,shop:1"))

    assert "3 bad value(s)" in str(stopped.value)


def test_columns_that_lack_are_named(tmp_path):
    with pytest.raises(CommandError, match="columns user and key are needed; missing: key"):
        run(write(tmp_path, *ROWS), keys=keys(tmp_path, "ada,shop:1", head="user,id"))
    with pytest.raises(CommandError, match="the file must exist"):
        run(write(tmp_path, *ROWS), keys=str(tmp_path / "none.csv"))


def test_somebody_who_was_imported_without_a_key_is_not_counted_twice(tmp_path, ann):
    run(write(tmp_path, *ROWS))
    before = everything()

    with pytest.raises(CommandError, match="was imported as file:ada already: erase that first"):
        run(write(tmp_path, *ROWS), keys=keys(tmp_path, f"ada,django:{ann.pk}"))

    assert everything() == before
    subject_erase(key="file:ada")
    assert run(write(tmp_path, *ROWS), keys=keys(tmp_path, f"ada,django:{ann.pk}"))["visits"] == 2


@pytest.mark.parametrize("key", ["file:ada", "shop:1"])
def test_an_import_brings_nothing_back_from_before_an_erasure(tmp_path, key):
    """Neither under the file's name nor under a key; later visits are another beginning."""
    options = {} if key == "file:ada" else {"keys": keys(tmp_path, f"ada,{key}")}
    run(write(tmp_path, *ROWS), **options)
    subject_erase(key=key)
    Erasure.objects.update(last_at=datetime(2026, 1, 2, tzinfo=UTC))

    line = run(write(tmp_path, *ROWS), **options)

    assert (line["visits"], line["erased_visits"], line["known_visits"]) == (1, 1, 1)
    (visit,) = Visit.objects.filter(profile__subject__key=key)
    assert visit.started_at == datetime(2026, 1, 3, tzinfo=UTC)
