"""What the commands that import say where nothing was imported, or not all of it."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError

from tests.webapp.codebooks.test_import_visits import write
from webapp.privacy.erase import subject_erase
from webapp.subjects.management.commands import import_events, import_visits
from webapp.subjects.models import Subject

pytestmark = pytest.mark.django_db
ROW = "shop,u1,2026-01-03,cart,1"


def said(*args: str, **options: object) -> str:
    out = StringIO()
    call_command("import_visits", *args, stdout=out, **options)
    return out.getvalue()


def test_a_file_without_rows_is_not_called_imported_before(tmp_path):
    assert "There is no visit in these files that could be imported" in said(write(tmp_path))


def test_visits_that_are_known_are_called_imported_before(tmp_path):
    said(path := write(tmp_path, ROW))

    assert "Everything in these files was imported before" in said(path)


def test_visits_of_the_erased_are_not_called_imported_before(tmp_path):
    said(path := write(tmp_path, ROW))
    subject_erase(key=Subject.objects.get().key)

    assert "of people who were erased since" in said(path)


def test_people_without_visits_are_counted(tmp_path):
    people = tmp_path / "people.csv"
    people.write_text("user,gender\nu1,F\nu2,F\nU1,M\n")

    told = said(write(tmp_path, ROW), people=str(people))

    assert "2 of the people were left out, because no visit of theirs is stored." in told
    assert json.loads(told.splitlines()[-1])["people_without_visits"] == 2


def test_people_who_all_have_visits_are_not_talked_of(tmp_path):
    people = tmp_path / "people.csv"
    people.write_text("user,gender\nu1,F\n")

    assert "of the people" not in said(write(tmp_path, ROW), people=str(people))


def test_a_long_value_is_shown_by_its_beginning(tmp_path):
    with pytest.raises(CommandError) as refused:
        said(write(tmp_path, f"shop,{'x' * 100_000},2026-01-03,cart,1"))

    assert len(str(refused.value)) < 1000
    assert f"user = '{'x' * 200}'…; must hold" in str(refused.value)


@pytest.mark.parametrize(
    ("name", "content", "step"),
    [
        ("visits.parquet", b"no Parquet", "must be readable as Parquet: correct the file, or"),
        ("visits.csv", b"\xff\xfe", "must be readable as CSV in UTF-8: correct the file, or"),
        ("visits.csv", b"PK\n", "columns surface, user, at, block, uses are needed"),
        ("visits.xlsx", b"PK\n", "must be .parquet or .csv"),
    ],
)
def test_a_file_that_cannot_be_read_is_not_told_to_skip_rows(tmp_path, name, content, step):
    (tmp_path / name).write_bytes(content)

    with pytest.raises(CommandError) as refused:
        said(str(tmp_path / name))

    assert step in str(refused.value) and "--skip-bad" not in str(refused.value)


def test_a_bad_table_of_keys_is_not_told_to_skip_rows(tmp_path):
    (tmp_path / "map.csv").write_text("user,key\nu1,\n")

    with pytest.raises(CommandError) as refused:
        said(write(tmp_path, ROW), keys=str(tmp_path / "map.csv"))

    assert "row 1: key = ''" in str(refused.value) and "--skip-bad" not in str(refused.value)


def test_bad_rows_may_be_skipped(tmp_path):
    with pytest.raises(CommandError, match="leave the bad rows out with --skip-bad"):
        said(write(tmp_path, "shop,u1,soon,cart,1"))


def test_a_day_that_does_not_exist_is_refused_by_name(tmp_path):
    with pytest.raises(CommandError, match=r"'2026-13-45' is no day. Write it as 2026-05-31."):
        said(write(tmp_path, ROW), "--ending", "2026-13-45")


def test_visits_cannot_be_moved_into_the_future(tmp_path):
    with pytest.raises(CommandError, match=r"'2099-05-31' lies in the future. Name a day until 2"):
        said(write(tmp_path, ROW), "--ending", "2099-05-31")


@pytest.mark.parametrize(
    ("module", "job", "args"),
    [
        (import_visits, "import_file", ["import_visits", "visits.csv"]),
        (
            import_events,
            "import_events",
            ["import_events", "clicks", "--format", "plain", "--map", "map.toml"],
        ),
    ],
)
class TestStopped:
    def test_by_ctrl_c_it_says_how_to_go_on(self, monkeypatch, module, job, args):
        def stopped(*args: object, **options: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(module, job, stopped)
        with pytest.raises(CommandError, match="Run the same command again") as ended:
            call_command(*args)

        assert ended.value.returncode == 130  # as a shell has it of what SIGINT ends

    def test_by_the_database_it_says_how_to_go_on(self, monkeypatch, module, job, args):
        def deadlocked(*args: object, **options: object) -> None:
            raise OperationalError("deadlock detected")

        monkeypatch.setattr(module, job, deadlocked)
        with pytest.raises(CommandError, match=r"deadlock detected\s.*Run the same command"):
            call_command(*args)
