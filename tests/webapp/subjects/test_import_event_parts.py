"""Events that are stored in parts, in any order and after a kill, give what one part gives."""

from __future__ import annotations

import random
from typing import Any

import pytest
from django.core.management import CommandError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.webapp.subjects.test_import_events import blocks, clean, row, run, stored
from webapp.subjects.imports.events import jobs
from webapp.subjects.imports.parts import work
from webapp.subjects.models import Import, ImportedTie, ImportPart

pytestmark = pytest.mark.django_db


def rows(page: Any, seed: int) -> list[Any]:
    """Events of some people, most of whom begin on a device and sign in later."""
    chance = random.Random(seed)
    found = []
    for person in range(8):
        times = sorted(chance.sample(range(20_000), chance.randint(2, 8)))
        signs_in = chance.randint(0, len(times) - 1)
        for n, minute in enumerate(times):
            user = f"u{person}" if n >= signs_in else None
            block = chance.choice(blocks(page)[:3])
            found.append(row(f"{person}-{n}", minute, block, user, f"d{person}"))
    return found


def everything() -> tuple[Any, ...]:
    ties = ImportedTie.objects.order_by("alias", "at").values_list("alias", "subject__key", "at")
    return stored(), list(ties)


@pytest.fixture
def keys(tmp_path):
    """One user of the files is a subject of the host."""
    path = tmp_path / "keys.csv"
    path.write_text("user,key\nu1,shop:1\n")
    return str(path)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=5
)
@given(seed=st.integers(0, 1000), size=st.integers(1, 20))
def test_any_parts_in_any_order_store_what_one_transaction_does(
    page, tmp_path, keys, monkeypatch, seed, size
):
    clean()
    events, chance = rows(page, seed), random.Random(seed)
    whole = run(tmp_path, events, keys=keys)
    expected = everything()
    clean()

    def take(imported: Import) -> ImportPart | None:
        left = list(imported.parts.filter(finished_at=None))
        return chance.choice(left) if left else None

    with monkeypatch.context() as patch:
        patch.setattr(jobs, "EVENTS_A_PART", size)
        patch.setattr(work, "_part_take", take)
        split = run(tmp_path, events, keys=keys)

    assert everything() == expected
    assert {**split, "seconds": 0} == {**whole, "seconds": 0}


def test_a_killed_import_run_again_ends_as_an_undisturbed_one(page, tmp_path, keys, monkeypatch):
    events = rows(page, 1)
    run(tmp_path, events, keys=keys)
    expected = everything()
    clean()
    store, begun = work.WORKS["events"], []

    def hang(imported, files, show):
        done = store(imported, files, show)
        begun.append(imported)
        if len(begun) == 3:
            raise KeyboardInterrupt
        return done

    monkeypatch.setattr(jobs, "EVENTS_A_PART", 4)
    with monkeypatch.context() as patch, pytest.raises(CommandError, match="Stopped"):
        patch.setitem(work.WORKS, "events", hang)
        run(tmp_path, events, keys=keys)
    left = Import.objects.latest("pk")
    assert 0 < left.parts.exclude(finished_at=None).count() < left.parts.count()

    run(tmp_path, events, keys=keys)

    assert everything() == expected


def test_more_events_of_known_people_are_added_in_parts(page, tmp_path, monkeypatch):
    events = [row(str(n), n * 700, blocks(page)[n % 3], f"u{n % 5}", None) for n in range(30)]
    run(tmp_path, events)
    expected = everything()
    clean()
    monkeypatch.setattr(jobs, "EVENTS_A_PART", 4)

    run(tmp_path, events[::2])
    run(tmp_path, events)

    assert everything() == expected
    assert [i.parts.count() > 1 for i in Import.objects.all()[:2]] == [True, True]


def test_a_dry_run_of_many_changes_nothing(page, tmp_path, monkeypatch):
    monkeypatch.setattr(jobs, "EVENTS_A_PART", 4)

    done = run(tmp_path, rows(page, 2), dry_run=True)

    assert done["visits"] > 0 and everything() == ({"people": {}, "days": []}, [])
    assert not Import.objects.exists()
