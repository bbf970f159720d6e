"""Imports in parts: any number, in any order, again and again, give what one part gives."""

from __future__ import annotations

import random
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import storages
from django.core.management import CommandError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.webapp.codebooks.test_import_visits import run, write
from webapp.lib.times import utc_now
from webapp.privacy.erase import subject_erase
from webapp.subjects.imports import jobs
from webapp.subjects.imports.parts import sweep, together, work
from webapp.subjects.models import (
    Import,
    ImportPart,
    PersonalAttributes,
    Profile,
    Subject,
    Visit,
)
from webapp.surfaces.models import PopularityDay, Surface

pytestmark = pytest.mark.django_db
PEOPLE = 12


def rows(seed: int) -> list[str]:
    """Visits of some people on two pages, most of them with gaps."""
    chance = random.Random(seed)
    found = []
    for person in range(PEOPLE):
        for day in sorted(chance.sample(range(1, 29), chance.randint(1, 5))):
            page = chance.choice(("shop", "home"))
            for block in chance.sample(("cart", "deals", "help"), chance.randint(1, 3)):
                uses = chance.randint(1, 4)
                found.append(f"{page},u{person},2026-01-{day:02},{block},{uses}")
    return found


def stored() -> dict[str, Any]:
    """What an import leaves, by keys instead of ids; sums of thirds without their rounding."""
    states = Profile.objects.values_list("subject__key", "surface__slug", "state")
    visits = Visit.objects.values_list("profile__subject__key", "visit", "day", "uses")
    days = PopularityDay.objects.filter(visits__gt=0)
    people = PersonalAttributes.objects.values_list("subject__key", "values")
    return {
        "states": sorted(states, key=str),
        "visits": sorted(visits, key=str),
        "people": sorted(people, key=str),
        "days": sorted(
            (d.surface.slug, d.day, d.visits, d.people, rounded(d.shares), rounded(d.newcomers))
            for d in days
        ),
        "surfaces": sorted(Surface.objects.values_list("slug", "definition"), key=str),
    }


def rounded(shares: dict[str, float]) -> list[tuple[str, float]]:
    return sorted((block, round(share, 9)) for block, share in shares.items())


def clean() -> None:
    for model in (Import, Subject, Surface):
        model.objects.all().delete()


def files_left() -> list[str]:
    folder = Path(storages["artefacts"].path("imports"))
    return [path.name for path in folder.rglob("*") if path.is_file()]


@pytest.fixture
def in_parts(monkeypatch):
    """About six parts for `rows`."""
    monkeypatch.setattr(jobs, "ROWS_A_PART", 12)


@pytest.fixture
def killed(monkeypatch):
    """Ends the command as its third part has stored everything and committed nothing."""
    store = work.WORKS["visits"]
    begun = []

    def hang(imported, files, show):
        done = store(imported, files, show)
        begun.append(imported)
        if len(begun) == 3:
            raise KeyboardInterrupt
        return done

    monkeypatch.setitem(work.WORKS, "visits", hang)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=5
)
@given(seed=st.integers(0, 1000), size=st.integers(1, 40))
def test_any_parts_in_any_order_store_what_one_part_stores(tmp_path, monkeypatch, seed, size):
    clean()
    people = tmp_path / "people.csv"
    people.write_text("user,gender\n" + "".join(f"u{n},{'FM'[n % 2]}\n" for n in range(PEOPLE)))
    path, chance = write(tmp_path, *rows(seed)), random.Random(seed)
    whole = run(path, people=str(people))
    expected = stored()
    clean()

    def take(imported: Import) -> ImportPart | None:
        left = list(imported.parts.filter(finished_at=None))
        return chance.choice(left) if left else None

    with monkeypatch.context() as patch:
        patch.setattr(jobs, "ROWS_A_PART", size)
        patch.setattr(work, "_part_take", take)
        split = run(path, people=str(people))

    assert stored() == expected
    assert {**split, "seconds": 0} == {**whole, "seconds": 0}


def test_a_killed_import_goes_on_without_reading_again(
    tmp_path, in_parts, killed, monkeypatch, django_capture_on_commit_callbacks
):
    path = write(tmp_path, *rows(1))
    with pytest.raises(CommandError, match="Stopped"):
        run(path)
    before = Import.objects.get()
    assert before.parts.exclude(finished_at=None).count() == 2 < before.parts.count()
    assert before.state == "running" and files_left()

    monkeypatch.setattr("ml.data.staged_visits.StagedVisits.read", None)
    with django_capture_on_commit_callbacks(execute=True):
        done = run(path)

    found = stored()
    assert Import.objects.get().state == "done" and not files_left()
    assert sorted(before.parts.values_list("attempts", flat=True))[-2:] == [1, 2]
    clean()
    monkeypatch.undo()
    whole = run(path)
    assert {**done, "seconds": 0} == {**whole, "seconds": 0}
    assert found == stored()


def test_another_file_or_option_does_not_go_on_with_it(tmp_path, in_parts, killed):
    path = write(tmp_path, *rows(1))
    with pytest.raises(CommandError, match="Stopped"):
        run(path)

    run(path, ending="2026-03-01")

    assert sorted(Import.objects.values_list("state", flat=True)) == ["done", "failed"]


def test_asked_again_and_again_workers_store_each_part_once(tmp_path, in_parts, killed):
    with pytest.raises(CommandError, match="Stopped"):
        run(write(tmp_path, *rows(1)))
    row = Import.objects.get()

    while together.import_help(row.pk):
        pass
    found = stored()

    assert not together.import_help(row.pk)
    assert stored() == found
    row.refresh_from_db()
    assert (row.state, row.result["visits"]) == ("done", Visit.objects.count())


def test_somebody_erased_in_the_middle_stays_erased(tmp_path, in_parts, killed):
    path = write(tmp_path, *rows(1))
    with pytest.raises(CommandError, match="Stopped"):
        run(path)
    keys = {f"file:u{n}" for n in range(PEOPLE)}
    gone = [sorted(keys & set(Subject.objects.values_list("key", flat=True)))[0]]
    gone += sorted(keys - set(Subject.objects.values_list("key", flat=True)))[:1]
    for key in gone:  # one whose part was stored, one whose part was not
        subject_erase(key=key)

    run(path)

    assert set(Subject.objects.values_list("key", flat=True)) == keys - set(gone)


def test_an_erasure_deletes_what_a_killed_import_left_of_people(
    tmp_path, in_parts, killed, django_capture_on_commit_callbacks
):
    with pytest.raises(CommandError, match="Stopped"):
        run(write(tmp_path, *rows(1)))
    long_ago = utc_now() - timedelta(minutes=11)
    Import.objects.update(started_at=long_ago)
    ImportPart.objects.update(started_at=long_ago, finished_at=None)

    with django_capture_on_commit_callbacks(execute=True):
        subject_erase(key="file:u1")

    assert not files_left()
    assert Import.objects.get().state == "failed"


def test_files_of_no_import_go_at_night_and_those_of_a_running_one_stay(tmp_path, in_parts, killed):
    with pytest.raises(CommandError, match="Stopped"):
        run(write(tmp_path, *rows(1)))
    mine = files_left()
    orphan = Path(storages["artefacts"].path("imports/999/visits-000.parquet"))
    orphan.parent.mkdir(parents=True)
    orphan.write_text("")

    sweep.imports_sweep(now=utc_now())
    assert files_left() == mine

    sweep.imports_sweep(now=utc_now() + timedelta(days=2))
    assert not files_left()


def test_a_part_that_never_ends_well_fails_the_import_and_says_so(tmp_path, in_parts, monkeypatch):
    store = work.WORKS["visits"]

    def fail(imported, files, show):
        if "visits-001" in str(files["visits"]):
            raise OSError("the disk is full of ada")
        return store(imported, files, show)

    monkeypatch.setitem(work.WORKS, "visits", fail)
    monkeypatch.setattr(work, "PAUSE", 0)

    with pytest.raises(CommandError, match=r"Part 1 was begun 3 times.*\(OSError\).*same command"):
        run(write(tmp_path, *rows(1)))

    row = Import.objects.get()
    assert (row.state, "ada" in row.error) == ("failed", False)
    assert row.parts.filter(finished_at=None).count() == 1


def test_a_bad_row_leaves_nothing_behind(tmp_path, in_parts):
    with pytest.raises(CommandError, match="row 7: uses = '0'"):
        run(write(tmp_path, *rows(1)[:6], "shop,u1,2026-01-30,cart,0"))

    assert not Import.objects.exists() and not Surface.objects.exists() and not files_left()


def test_the_admin_says_how_far_an_import_is(tmp_path, in_parts, killed, admin_client):
    with pytest.raises(CommandError, match="Stopped"):
        run(write(tmp_path, *rows(1)))
    row = Import.objects.get()
    row.parts.filter(finished_at=None).update(host="worker-7", error="OSError")

    listed = admin_client.get("/admin/uiengine_subjects/import/").content.decode()
    page = admin_client.get(f"/admin/uiengine_subjects/import/{row.pk}/change/").content.decode()

    assert f"2 of {row.parts.count()}" in listed and "worker-7 (" in listed
    assert "visits.csv" in listed and "OSError" in page
