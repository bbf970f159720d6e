"""The files that a request enters: few enough to read, and those that webapp/README.md lists."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from celery import current_app
from django.core.cache import cache
from django.utils import timezone

from tests.webapp.conftest import Person
from webapp.subjects.fold_worker import profile_fold
from webapp.subjects.models import Profile

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).parents[3]
MOST_FILES = 37
STEP = re.compile(r"^\| `([\w/]+\.py)` \| `([\w.]+)` \|", re.MULTILINE)
OF_POSTGRES = {f"webapp/postgres/{name}.py" for name in ("base", "connection", "making")}

Calls = list[tuple[str, str]]
"""File below the root, qualified name of the function; in order of time."""


def calls_of(act: Callable[[], Any]) -> tuple[Any, Calls]:
    calls: Calls = []

    def called(frame: FrameType, event: str, _: object) -> None:
        path = Path(frame.f_code.co_filename)
        if event == "call" and path.is_relative_to(ROOT):
            name = path.relative_to(ROOT).as_posix()
            if name.startswith(("webapp/", "uiengine/", "ml/")):
                calls.append((name, frame.f_code.co_qualname))

    sys.setprofile(called)
    try:
        return act(), calls
    finally:
        sys.setprofile(None)


def steps(heading: str) -> Calls:
    """Files and functions of a table in the README, whose paths are below webapp/ or uiengine/."""
    text = (ROOT / "webapp" / "README.md").read_text("utf-8").split(f"\n### {heading}\n")[1]
    found = STEP.findall(text.split("\n#")[0])
    return [(f if f.startswith("uiengine/") else f"webapp/{f}", name) for f, name in found]


def fold() -> None:
    for row in Profile.objects.all():
        profile_fold(profile_id=row.pk, now=timezone.now())


@pytest.fixture
def known(page, clock, monkeypatch, settings) -> Person:
    """Somebody with a history, whose token and state this warm process has not seen yet."""
    settings.UIENGINE_REFRESH_MS = 60_000
    monkeypatch.setattr(current_app, "send_task", lambda task, arguments: None)
    for key in ("host:another", "host:known"):
        person = Person(key, clock)
        person.visit("forum", "quiz")
        fold()
        person.layout()
    cache.clear()
    person = Person("host:known", clock)
    person.client.handler.load_middleware()  # once per process, as a server does
    return person


def check(calls: Calls, heading: str) -> None:
    listed, entered = steps(heading), {path for path, _ in calls} - OF_POSTGRES
    assert {path for path, _ in listed} == entered
    outer = {(path, name.split(".<locals>")[0]) for path, name in calls}
    assert [step for step in listed if step not in outer] == []


def test_a_fresh_layout_takes_the_listed_path_of_few_files(known):
    response, calls = calls_of(lambda: known.get("layout?surface=course-home"))

    assert response.json()["status"] == "adapted"
    assert len({path for path, _ in calls} - OF_POSTGRES) <= MOST_FILES
    check(calls, "A fresh layout")


def test_a_batch_of_events_takes_the_listed_path(known):
    layout = known.layout()
    body = {"decision": layout["decision"], "events": [known.event("use", layout["order"][0])]}

    response, calls = calls_of(lambda: known.post("events", body))

    assert response.json() == {"accepted": 1, "duplicate": 0, "ignored": 0}
    check(calls, "A batch of events")
