"""What an import keeps of people on this machine goes with it, or the day after it was killed."""

from __future__ import annotations

import os
from contextlib import nullcontext
from datetime import timedelta

import pytest

from tests.webapp.codebooks.test_import_visits import run, write
from webapp.lib.times import utc_now
from webapp.subjects.imports import jobs
from webapp.subjects.imports.key_table import keys_new
from webapp.subjects.imports.parts.local_files import local_home
from webapp.subjects.imports.parts.sweep import imports_sweep

pytestmark = pytest.mark.django_db
ROWS = ("shop,u1,2026-01-05,cart,1", "shop,u2,2026-01-06,deals,2")


@pytest.fixture(autouse=True)
def own_home(tmp_path, settings):
    settings.VAR_DIR = tmp_path / "var"


def test_what_a_killed_import_left_goes_the_day_after():
    left, busy = local_home() / "import-1", local_home() / "import-2"
    for folder in (left, busy):
        (folder / "spill").mkdir(parents=True)
        (folder / "rows.duckdb").write_text("u1")
    long_ago = (utc_now() - timedelta(hours=25)).timestamp()
    for path in (*left.rglob("*"), left, busy):  # one file of the other was written just now
        os.utime(path, (long_ago, long_ago))

    imports_sweep(now=utc_now())
    assert list(local_home().iterdir()) == [busy]


@pytest.mark.parametrize("fails", [False, True], ids=["ends well", "fails"])
def test_rows_of_people_are_in_one_known_folder_while_an_import_runs(tmp_path, monkeypatch, fails):
    seen = []

    def looked(*given):
        seen.extend(path.name[:7] for path in local_home().iterdir())
        if fails:
            raise RuntimeError
        return keys_new(*given)

    monkeypatch.setattr(jobs, "keys_new", looked)
    with pytest.raises(RuntimeError) if fails else nullcontext():
        run(write(tmp_path, *ROWS))
    assert seen == ["import-"]
    assert not list(local_home().iterdir())
    assert local_home().stat().st_mode & 0o077 == 0
