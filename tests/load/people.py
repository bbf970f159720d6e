"""People of the chaos run, each with another kind of credential."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any

from tests.load import figures
from tests.load.client import Broken, Caller

SETTLE = 120.0
"""Seconds in which all accepted events must be folded at the end."""
KINDS = ("nobody", "session", "user token", "server key", "account's token")


def credential(kind: str, name: str) -> tuple[str, dict[str, str]]:
    """Makes who that is; returns the subject's key and the headers of its requests."""
    if kind == "nobody":
        return "", {}
    if kind == "user token":
        return name, {"Authorization": f"Bearer {figures.token(name)}"}
    if kind == "server key":
        from webapp.subjects.keys import server_key_make

        _, secret = server_key_make(name=name)
        return name, {"Authorization": f"Bearer {secret}", "X-Subject": name}
    pk, session = _account(name)
    if kind == "session":
        return f"django:{pk}", {"Cookie": f"sessionid={session}"}
    return f"django:{pk}", {"Authorization": f"Bearer {figures.token(f'django:{pk}')}"}


def _account(name: str) -> tuple[int, str]:
    """Returns the primary key of a new user who is signed in, and the session."""
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.auth.models import User

    user = User.objects.create_user(name)
    store = import_module(settings.SESSION_ENGINE).SessionStore()
    store[SESSION_KEY], store[HASH_SESSION_KEY] = str(user.pk), user.get_session_auth_hash()
    store[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    store.save()
    return user.pk, store.session_key


class Person(threading.Thread):
    """Reads the page and uses blocks repeatedly; failed batches are sent again unchanged.

    acknowledged: uses by block. refused: reasons of failed attempts. waiting: batches not
    acknowledged yet. ahead: error of this person's clock.
    """

    def __init__(self, port: int, path: str, kind: str, stop: threading.Event) -> None:
        super().__init__(name=f"chaos:{kind}")
        self.caller, self.path, self.stop = Caller(port), path, stop
        self.key, self.headers = credential(kind, self.name)
        self.layouts: list[tuple[float, str]] = []
        self.seconds: list[tuple[float, float]] = []
        self.acknowledged: Counter[str] = Counter()
        self.acknowledged_at: list[float] = []
        self.refused: Counter[str] = Counter()
        self.waiting: list[dict[str, Any]] = []
        self.versions: list[str] = []
        self.lost: list[str] = []
        self.ahead = timedelta(0)

    def is_well(self, since: float, layouts: int) -> bool:
        """Says whether the layout is the person's own again, and events are taken.

        layouts: that were seen when the fault began.
        """
        own = "adapted" if self.key else "default"
        is_shown = any(at > since and status == own for at, status in self.layouts[layouts:])
        return is_shown and (not self.key or self.acknowledged_at[-1:] > [since])

    def run(self) -> None:
        while not self.stop.is_set():
            if (shown := self.look()) and self.key:
                self.waiting.append(self.used(shown))
            self.send_waiting()
            time.sleep(0.02)
        until = time.monotonic() + SETTLE
        while self.waiting and time.monotonic() < until:
            self.send_waiting()
            time.sleep(0.2)
        self.caller.close()

    def used(self, shown: dict[str, Any]) -> dict[str, Any]:
        """Returns a batch of three uses, timed by this person's clock."""
        blocks = random.sample(shown["order"], 3)
        body = figures.batch(shown["decision"], "use", len(blocks))
        for event, block in zip(body["events"], blocks, strict=True):
            event["block"] = block
            event["at"] = (datetime.fromisoformat(event["at"]) + self.ahead).isoformat()
        return body

    def send_waiting(self) -> None:
        self.waiting = [body for body in self.waiting if not self.send(body)]

    def look(self) -> dict[str, Any] | None:
        """Returns the layout; None where none came. Records answers that mix two versions."""
        from webapp.subjects import decisions

        start = time.monotonic()
        try:
            answer = self.caller.get(self.path, **self.headers)
        except Broken as error:
            self.lost.append(str(error))
            return None
        if answer.status != 200:
            self.lost.append(f"{answer.status}")
            return None
        shown: dict[str, Any] = answer.json()
        signed = decisions.read(shown["decision"])
        if (signed.version, list(signed.order)) != (shown["version"], shown["order"]):
            self.lost.append(f"mixed: {signed.version} signed, {shown['version']} shown")
        self.layouts.append((time.monotonic(), shown["status"]))
        self.seconds.append((start, time.monotonic() - start))
        self.versions.append(shown["version"])
        return shown

    def send(self, body: dict[str, Any]) -> bool:
        """Says whether the batch was acknowledged, now or as a duplicate of an earlier attempt."""
        try:
            answer = self.caller.post("/api/events", "", body, **self.headers)
        except Broken:
            self.refused["broken"] += 1
            return False
        if answer.status != 202:
            self.refused[str(answer.status)] += 1
            return False
        said = answer.json()
        assert said["accepted"] + said["duplicate"] == len(body["events"]), said
        self.acknowledged.update(event["block"] for event in body["events"])
        self.acknowledged_at.append(time.monotonic())
        return True
