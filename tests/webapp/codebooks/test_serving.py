"""Which version serves: promotions take effect within a second, however slowly files come."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.storage import FileSystemStorage
from django.db import connection
from django.test import Client
from django.utils import timezone

from tests.patience import PATIENCE
from tests.webapp.codebooks.conftest import COURSE, variant
from webapp.codebooks.gate.promotion import INNATE_FOLDER
from webapp.codebooks.models import Alias, AliasMove, CodebookVersion
from webapp.codebooks.registry.aliases import version_promote, version_register, version_rollback
from webapp.lib import refresher
from webapp.lib.refresher import Refresher
from webapp.serving import loading
from webapp.serving import pages as served
from webapp.serving.pages import Serving, serving
from webapp.subjects import keys
from webapp.subjects.models import RevokedToken
from webapp.surfaces.models import Surface
from webapp.surfaces.services import surface_save

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def innate(db):
    return version_register(source=INNATE_FOLDER, name="innate")


@pytest.fixture
def second(trained, course):
    return version_register(source=trained, name="course-home-1", surfaces=[course])


def served_id(process: Serving = serving) -> str:
    page = process.page("course-home")
    assert page and page.version
    return page.version.id


def test_the_innate_version_serves_where_nobody_was_promoted(course, innate):
    assert served_id() == innate.manifest["id"]


def test_a_promotion_and_its_rollback_are_one_move_each(course, innate, second, admin_user):
    version_promote(surface=course, version=innate, why="to begin with", by=admin_user)
    version_promote(surface=course, version=second, why="it is better", by=admin_user)
    assert served_id() == second.manifest["id"]

    version_rollback(surface=course, why="it was not", by=admin_user)

    assert served_id() == innate.manifest["id"]
    moves = AliasMove.objects.filter(name="champion").order_by("pk")
    assert [(m.after, m.by_name, m.is_rollback) for m in moves] == [
        (innate, "admin", False),
        (second, "admin", False),
        (innate, "admin", True),
    ]
    assert Alias.objects.get(surface=course, name="anchor").version == innate
    assert CodebookVersion.objects.get(pk=second.pk).status == "retired"


def test_a_running_process_sees_a_promotion_within_a_second(course, innate, second, settings):
    settings.UIENGINE_REFRESH_MS = 200
    process = Serving(Refresher())
    assert served_id(process) == innate.manifest["id"]

    version_promote(surface=course, version=second, why="test")
    within(lambda: served_id(process) == second.manifest["id"])
    process.refresher.stop()


@pytest.fixture
def beaten(course, innate, settings):
    """A process whose beats are the test's: the thread of its own has ended."""
    settings.UIENGINE_REFRESH_MS = 60_000
    process = Serving(Refresher())
    assert process.page("course-home")
    process.refresher.stop()
    return process


def beat(process: Serving, slug: str = "course-home") -> served.Page | None:
    process.renew()
    return process.page(slug)


def test_rows_that_are_as_they_were_make_no_page_anew(course, innate, beaten):
    version_promote(surface=course, version=innate, why="it serves")
    assert beaten.page("course-home")
    before = beat(beaten)

    assert before and beat(beaten) is before


@pytest.mark.parametrize("column", ["control_percent", "visit_minutes", "mode", "slug"])
def test_whatever_column_another_process_changes_the_page_changes(course, beaten, column):
    """Without a time of its own: plain SQL need not set `updated_at`."""
    assert beaten.page("course-home")
    beat(beaten)
    before = beat(beaten)

    value = {"mode": "off", "slug": "moved"}.get(column, 7)
    Surface.objects.filter(pk=course.pk).update(**{column: value})

    after = beat(beaten, "moved" if column == "slug" else "course-home")
    assert after and after != before
    assert value in (
        after.control_percent,
        after.gap // 60_000,
        after.surface.mode,
        after.surface.slug,
    )


def test_a_canarys_share_is_read_with_every_beat(course, innate, second, beaten):
    """It is in rows of moves, too."""
    version_promote(surface=course, version=innate, why="it serves")
    Alias.objects.create(surface=course, name="challenger", version=second, share=10)
    assert beaten.page("course-home")
    within(lambda: beat(beaten).canary is not None)
    before = beat(beaten)

    assert before.canary and beat(beaten) is not before


def test_a_version_that_was_not_there_yet_is_looked_for_with_every_beat(
    course, innate, second, beaten, slow, monkeypatch
):
    monkeypatch.setattr(served, "FIRST_WAIT", 0.0)
    version_promote(surface=course, version=innate, why="it serves")
    assert served_id(beaten) == innate.manifest["id"]
    slow.clear()
    Alias.objects.filter(surface=course, name="champion").update(version=second)
    beat(beaten)
    assert beat(beaten).version.id == innate.manifest["id"]

    slow.set()
    within(lambda: beat(beaten).version.id == second.manifest["id"])


def test_popularity_is_read_of_some_pages_with_each_beat(course, beaten, settings, monkeypatch):
    for i in range(3):
        surface_save({**COURSE, "slug": f"page-{i}"})
    beaten.refresh()
    beaten._popular.clear()
    settings.UIENGINE_REFRESH_MS = 5_000  # in which half of them have their turn
    read, seen = beaten._read_popularity, []

    def noted(page: served.Page, day: int) -> object:
        seen.append(page.surface.slug)
        return read(page, day)

    monkeypatch.setattr(beaten, "_read_popularity", noted)
    counts = []
    for _ in range(3):
        beaten.renew()
        counts.append(len(seen))

    assert counts == [2, 4, 4]
    assert sorted(seen) == ["course-home", "page-0", "page-1", "page-2"]


class Slow(FileSystemStorage):
    """A slow storage: files become available once they are `there`."""

    there, asked = threading.Event(), threading.Event()

    def path(self, name: str) -> str:
        self.asked.set()
        assert self.there.wait(PATIENCE)
        return super().path(name)


@pytest.fixture
def slow(settings, tmp_path):
    """A slow storage; the fixture releases all waiting threads at the end."""
    far = {"BACKEND": f"{__name__}.Slow", "OPTIONS": {"location": tmp_path / "artefacts"}}
    settings.STORAGES = {**settings.STORAGES, "artefacts": far}
    Slow.there.set()
    yield Slow.there
    Slow.there.set()


def within(condition: Callable[[], bool]) -> None:
    """Waits for a condition, which usually holds within a second."""
    until = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_however_slow_a_version_loads_all_else_counts_meanwhile(
    course, innate, second, settings, slow
):
    settings.UIENGINE_REFRESH_MS = 100
    version_promote(surface=course, version=innate, why="it serves")
    token = keys.user_token_make(key="host:owner", now=timezone.now())
    assert keys.user_token_read(token, now=timezone.now())
    before = serving.page("course-home")

    slow.clear()
    Slow.asked.clear()
    Alias.objects.filter(surface=course, name="champion").update(version=second)
    within(Slow.asked.is_set)
    day = timezone.now() + timedelta(days=1)
    name = keys.user_token_id(token)
    RevokedToken.objects.create(token_id=name, expires_at=day, revoked_at=timezone.now())
    within(lambda: keys.revoked.holds(name))
    assert serving.page("course-home") == before  # the previous version serves meanwhile
    Surface.objects.filter(pk=course.pk).update(mode="off")
    within(lambda: serving.page("course-home").surface.mode == "off")
    assert served_id() == innate.manifest["id"]

    slow.set()
    within(lambda: served_id() == second.manifest["id"])
    assert serving.page("course-home").wanted == second.manifest["id"]


class Hanging(FileSystemStorage):
    """A storage that never delivers one of its folders before the test ends."""

    folder, is_over = "", threading.Event()

    def path(self, name: str) -> str:
        if name == self.folder:
            self.is_over.wait()
        return super().path(name)


@pytest.fixture
def hanging(settings, tmp_path):
    far = {"BACKEND": f"{__name__}.Hanging", "OPTIONS": {"location": tmp_path / "artefacts"}}
    settings.STORAGES = {**settings.STORAGES, "artefacts": far}
    Hanging.folder = ""
    Hanging.is_over.clear()
    yield Hanging
    Hanging.is_over.set()


def test_a_version_that_hangs_keeps_no_other_from_loading_and_is_named(
    course, innate, second, settings, hanging, monkeypatch, caplog, tmp_path, trained
):
    settings.UIENGINE_REFRESH_MS = 50
    monkeypatch.setattr(loading, "LATE", 2.0)
    version_promote(surface=course, version=innate, why="it serves")
    assert served_id() == innate.manifest["id"]
    assert Client().get("/health/ready").json()["versions"] == "ok"
    other = surface_save({**COURSE, "slug": "other"})
    third = variant(trained, tmp_path / "third", "eeeeeeeeeeee", ["other"])
    third = version_register(source=third, name="other-1", surfaces=[other])

    hanging.folder = second.folder
    Alias.objects.filter(surface=course, name="champion").update(version=second)
    within(lambda: "version_hangs" in caplog.text)
    Alias.objects.create(surface=other, name="champion", version=third)

    within(lambda: serving.page("other").version.id == "eeeeeeeeeeee")
    assert served_id() == innate.manifest["id"]
    ready = Client().get("/health/ready")
    assert ready.status_code == 200 and "course-home-1 is loading" in ready.json()["versions"]
    threads = [t.name for t in threading.enumerate() if t.name.startswith("uiengine-loading")]
    assert threads == ["uiengine-loading-course-home-1"]
    said = [r for r in caplog.records if r.message == "serving.version_hangs"]
    assert [r.version for r in said] == ["course-home-1"]


def test_a_process_starts_and_ends_beside_a_version_that_hangs(
    course, innate, second, settings, hanging, monkeypatch
):
    settings.UIENGINE_REFRESH_MS = 50
    monkeypatch.setattr(served, "FIRST_WAIT", 0.2)
    monkeypatch.setattr(refresher, "LAST_WAIT", 0.2)
    version_promote(surface=course, version=second, why="it serves")
    hanging.folder = second.folder
    process = Serving(Refresher())

    assert process.page("course-home")
    within(lambda: process.page("course-home").version is not None)
    assert served_id(process) == innate.manifest["id"]
    process.refresher.stop()

    hanging.is_over.set()
    within(lambda: not process.late())


ENDS = """
import django; django.setup()
from django.conf import settings
from django.db import connections
from webapp.serving import pages
settings.STORAGES["artefacts"]["OPTIONS"] = {"location": ARTEFACTS}
settings.DATABASES["default"]["NAME"] = connections["default"].settings_dict["NAME"] = NAME
pages.FIRST_WAIT = 0.0
pages.serving.snapshot()
"""


def test_a_process_that_ends_while_versions_load_does_not_abort(tmp_path, trained):
    """A thread that is stopped inside ONNX Runtime's native code ends the process by SIGABRT."""
    for i in range(6):
        page = surface_save({**COURSE, "slug": f"page-{i}"})
        folder = variant(trained, tmp_path / f"of-{i}", f"{i}" * 12, [page.slug])
        version = version_register(source=folder, name=f"{page.slug}-1", surfaces=[page])
        Alias.objects.create(surface=page, name="champion", version=version)
    place = {"ARTEFACTS": str(tmp_path / "artefacts"), "NAME": connection.settings_dict["NAME"]}
    code = "".join(f"{name} = {value!r}\n" for name, value in place.items()) + ENDS

    for _ in range(3):
        ended = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "DJANGO_SETTINGS_MODULE": "webapp.settings"},
            cwd=Path(__file__).parents[3],
            capture_output=True,
            timeout=PATIENCE,
        )
        assert (ended.returncode, b"terminate" in ended.stderr) == (0, False), ended.stderr


def test_a_lost_database_leaves_the_last_snapshot(course, innate, settings, monkeypatch):
    settings.UIENGINE_REFRESH_MS = 60_000
    process = Serving(Refresher())
    assert served_id(process)

    def fail() -> None:
        raise OSError("no database")

    monkeypatch.setattr(process, "refresh", fail)
    assert served_id(process) == innate.manifest["id"]
    process.refresher.stop()
