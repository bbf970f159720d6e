"""A database that was restored without its artefacts gets the shipped version's files again."""

from __future__ import annotations

import hashlib
import shutil
from io import StringIO
from pathlib import Path

import pytest
from django.core.cache import cache
from django.core.management import call_command

from tests.webapp.conftest import Person
from webapp.codebooks.gate.promotion import INNATE_FOLDER
from webapp.codebooks.models import CodebookVersion
from webapp.lib.refresher import refresher

pytestmark = pytest.mark.django_db(transaction=True)


def load(command: str) -> str:
    """Runs the command and returns what it says beside its JSON line."""
    told = StringIO()
    options = {"no_cohort": True} if command == "load_fixtures" else {}
    call_command(command, stdout=StringIO(), stderr=told, **options)
    return told.getvalue()


def digests(folder: Path) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.iterdir()}


def gone(folder: Path) -> None:
    shutil.rmtree(folder)


def one_gone(folder: Path) -> None:
    next(folder.glob("*.onnx")).unlink()


def one_damaged(folder: Path) -> None:
    next(folder.glob("*.onnx")).write_bytes(b"half of it")


def manifest_gone(folder: Path) -> None:
    (folder / "manifest.json").unlink()


@pytest.mark.parametrize("harm", [gone, one_gone, one_damaged, manifest_gone])
def test_load_fixtures_copies_what_is_missing_and_says_so(var, clock, worker, harm):
    assert load("load_fixtures") == ""
    folder = var / "artefacts" / CodebookVersion.objects.get().folder
    harm(folder)

    told = load("load_fixtures")

    assert told == "The files of innate were missing or damaged, and are back.\n"
    assert digests(folder) == digests(INNATE_FOLDER)
    refresher.clear()  # a process that starts now
    cache.clear()
    assert Person("host:owner", clock).layout()["status"] == "adapted"
    assert load("load_fixtures") == ""
    assert CodebookVersion.objects.count() == 1


def test_files_that_are_whole_are_not_written_again(var):
    load("load_fixtures")
    folder = var / "artefacts" / CodebookVersion.objects.get().folder
    before = {p.name: p.stat().st_mtime_ns for p in folder.iterdir()}

    load("load_fixtures")

    assert {p.name: p.stat().st_mtime_ns for p in folder.iterdir()} == before
