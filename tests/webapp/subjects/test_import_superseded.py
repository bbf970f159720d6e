"""An import that was left ends where its file is imported anew, and takes nothing back or twice."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.storage import storages
from django.core.management import CommandError
from django.db import connection

from tests.webapp.codebooks.test_import_visits import run, write
from tests.webapp.on_postgresql import is_on_postgresql
from webapp.lib import stored_files
from webapp.lib.times import utc_now
from webapp.subjects.imports import jobs
from webapp.subjects.imports.parts import life, together, work
from webapp.subjects.imports.parts.sweep import imports_sweep
from webapp.subjects.models import Import, ImportPart, Subject, Visit

ROWS = [f"shop,u{n},2026-01-{day:02},cart,1" for n in range(12) for day in (3, 4)]
KEYS = "user,key\n" + "".join(f"u{n},mine:{n}\n" for n in range(12))


@pytest.fixture(autouse=True)
def in_parts(monkeypatch):
    monkeypatch.setattr(jobs, "ROWS_A_PART", 6)


def left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, Import]:
    """A file whose command was stopped after its first part."""
    store, path = work.WORKS["visits"], write(tmp_path, *ROWS)
    begun = []

    def stopped(imported, files, show):
        begun.append(imported)
        if len(begun) == 2:
            raise KeyboardInterrupt
        return store(imported, files, show)

    with monkeypatch.context() as patch:
        patch.setitem(work.WORKS, "visits", stopped)
        with pytest.raises(CommandError, match="Stopped"):
            run(path)
    return path, Import.objects.get()


@pytest.mark.django_db
def test_corrected_options_end_what_workers_still_had_to_store(tmp_path, monkeypatch):
    path, first = left(tmp_path, monkeypatch)
    stored_before = Subject.objects.count()
    (keys := tmp_path / "keys.csv").write_text(
        "\n".join(
            line
            for line in KEYS.splitlines()
            if not Subject.objects.filter(key=f"file:{line.split(',')[0]}").exists()
        )
    )
    run(path, keys=str(keys))

    first.refresh_from_db()
    assert (first.state, first.error) == ("failed", "The same file was imported anew.")
    assert not together.import_help(first.pk)  # a worker's late message
    taken = ImportPart.objects.filter(imported=first, finished_at=None).first()
    work._store(taken, first, {}, lambda share: None)  # one that had begun to fetch its files
    assert Visit.objects.count() == len(ROWS)
    assert Subject.objects.count() == 12
    assert Subject.objects.filter(key__startswith="mine:").count() == 12 - stored_before


@pytest.mark.django_db
def test_a_file_of_the_same_name_in_another_folder_leaves_an_import_alone(tmp_path, monkeypatch):
    _, first = left(tmp_path, monkeypatch)
    (other := tmp_path / "of-november").mkdir()
    run(write(other, "shop,u99,2026-01-03,cart,1"))

    first.refresh_from_db()
    assert first.state == "running"
    assert together.import_help(first.pk)


if is_on_postgresql():  # SQLite has one writer, whom all wait for

    @pytest.mark.django_db(transaction=True)
    def test_a_new_import_waits_for_the_part_that_is_being_stored(tmp_path, monkeypatch):
        _, first = left(tmp_path, monkeypatch)
        begun, goes_on, waited = threading.Event(), threading.Event(), threading.Event()
        store = work.WORKS["visits"]

        def slow(imported, files, show):
            begun.set()
            assert goes_on.wait(30)
            return store(imported, files, show)

        def worker():
            work.part_store(first)
            connection.close()

        def command():
            path = first.given[life.WHERE]
            life.import_supersede(life.import_new("visits", path, "another", {}))
            waited.set()
            connection.close()

        monkeypatch.setitem(work.WORKS, "visits", slow)
        threads = [threading.Thread(target=worker), threading.Thread(target=command)]
        threads[0].start()
        assert begun.wait(30)
        threads[1].start()
        assert not waited.wait(0.5)
        goes_on.set()
        for thread in threads:
            thread.join()
        assert waited.is_set()
        assert first.parts.exclude(finished_at=None).count() == 2
        assert not work.part_store(first)


@pytest.mark.django_db
def test_an_import_that_cannot_be_made_ready_ends_and_leaves_no_files(tmp_path, monkeypatch):
    def full(blocks, zone):
        raise OSError("No space left on device")

    monkeypatch.setattr(jobs, "surfaces_ensure", full)
    with pytest.raises(OSError, match="space"):
        run(write(tmp_path, *ROWS))
    assert Import.objects.get().state == "failed"
    assert not list(Path(storages["artefacts"].path("imports")).rglob("*.parquet"))


@pytest.mark.django_db
def test_a_part_that_was_just_begun_for_the_last_time_is_not_given_up(tmp_path, monkeypatch):
    _, first = left(tmp_path, monkeypatch)
    parts = first.parts.filter(finished_at=None)
    parts.update(attempts=work.MOST_ATTEMPTS, started_at=utc_now(), error="")
    assert work.part_given_up(first) is None
    parts.update(started_at=utc_now() - 2 * work.BEGINNING)
    assert work.part_given_up(first) is not None


@pytest.mark.django_db
def test_files_of_an_import_that_begins_during_a_sweep_stay(tmp_path, monkeypatch):
    listed = stored_files.folders

    def begins(folder):
        found = listed(folder)
        Import.objects.create(kind="visits", files="late.csv", digest="late")
        return found

    monkeypatch.setattr(stored_files, "folders", begins)
    orphan = Path(storages["artefacts"].path("imports/999/visits-000.parquet"))
    orphan.parent.mkdir(parents=True)
    orphan.write_text("")
    imports_sweep(now=utc_now())
    assert not orphan.exists()
    assert Import.objects.get().state == "running"


@pytest.mark.django_db
def test_an_import_that_still_copies_its_files_is_not_taken_for_left():
    copying = Import.objects.create(kind="visits", files="large.csv", digest="")
    Import.objects.update(started_at=utc_now() - timedelta(minutes=30))
    imports_sweep(now=utc_now(), idle=timedelta(minutes=10))
    copying.refresh_from_db()
    assert copying.state == "running"
