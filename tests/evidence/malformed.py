"""Sends malformed requests to every address of the API; the answer must never be a 500.

python -m tests.evidence.malformed --inputs 100000

Each starts as a valid request and is then damaged: junk in place of values, missing keys, changed
bytes, truncated bodies, and all kinds of headers, parameters and credentials. Runs in process on
SQLite, or on the fresh database that DATABASE_URL names.
"""

from __future__ import annotations

import argparse
import copy
import io
import json
import logging
import os
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
JUNK: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 2**31, 2**63, -(2**63), 10**400, 1e308, -0.0, float("nan")),
    *("", " ", "\x00", "\ud800", "x" * 3000, "\u202e", "%s%n", "{{7*7}}", "' OR 1=1 --", "٣", "🦉"),
    *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-02-30T00:00:00Z", "now"),
    *("2026-03-02T09:00:00.1234567890Z", "1e999", "../../etc/passwd", "anon:x", "django:1"),
    *([], {}, [[]], [{}], {"": ""}, {"__class__": "x"}, ["x"] * 200),
)
HEADERS = (
    *("HTTP_ACCEPT", "HTTP_IF_NONE_MATCH", "HTTP_AUTHORIZATION", "HTTP_X_SUBJECT", "CONTENT_TYPE"),
    *("HTTP_ACCEPT_LANGUAGE", "HTTP_COOKIE", "HTTP_ORIGIN", "HTTP_X_REQUEST_ID", "CONTENT_LENGTH"),
    *("HTTP_X_HTTP_METHOD_OVERRIDE", "HTTP_X_CSRFTOKEN", "HTTP_X_FORWARDED_FOR", "HTTP_HOST"),
)
VALUES = (
    *("", "*", '"', '"x"', 'W/"x"', "*/*;q=x", "Bearer", "Bearer ", "Bearer ut_", "Bearer sk__"),
    *("Basic eA==", "Bearer ut_.x:y", "Bearer sk_\x7f_", "sessionid=x; layout_visitor=:::", "null"),
    *("application/json; charset=utf-99", "text/plain", "multipart/form-data; boundary=", "-1"),
    *("de-" * 200, "x" * 7000, "é", "\x01", "xx-YY;q=2", "999999999999", "a,b;c=d", "[::1"),
)
METHODS = ("get", "post", "put", "patch", "delete", "options", "head")
PATHS = (
    *("layout", "events", "feedback", "me", "health", "schema", "docs", "snippets", "errors"),
    *("layout/", "../admin/", "nothing", "%00", "%ff", "layout;x"),
)


@dataclass
class Sent:
    method: str
    path: str
    query: str = ""
    body: Any = None
    raw: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def data(self) -> bytes:
        if self.raw is not None:
            return self.raw
        return b"" if self.body is None else json.dumps(self.body).encode()


@dataclass
class Good:
    """Parts of valid requests: a signed decision, its blocks, credentials."""

    decision: str
    blocks: list[str]
    credentials: list[dict[str, str]]

    def request(self, by: random.Random) -> Sent:
        headers = dict(by.choice([*self.credentials, {}]))
        kind = by.choice(("layout", "events", "feedback", "me"))
        if kind == "layout":
            return Sent("get", "layout", "surface=course-home", headers=headers)
        if kind == "me":
            method = by.choice(("get", "post", "delete"))
            body = {"consent": True} if method == "post" else None
            return Sent(method, "me", body=body, headers=headers)
        event = {
            "id": f"{by.random()}",
            "at": datetime.now(UTC).isoformat(),
            "type": by.choice(("use", "pin", "move", "undo", "resize", "dwell", "freeze")),
            "block": by.choice(self.blocks),
            "rank": 1,
        }
        one = {"decision": self.decision, **event}
        many = {"decision": self.decision, "events": [event, copy.copy(event)]}
        return Sent("post", kind, body=many if kind == "events" else one, headers=headers)


def malformed(good: Good, by: random.Random) -> Iterator[Sent]:
    """Yields damaged requests without end."""
    spoil = (_junk, _junk, _junk, _missing, _bytes, _cut, _header, _header, _query, _elsewhere)
    while True:
        sent = good.request(by)
        for _ in range(by.randint(1, 3)):
            by.choice(spoil)(sent, by)
        yield sent


def places(body: Any) -> list[tuple[Any, Any]]:
    """Returns (container, key) of all values inside, recursively."""
    found: list[tuple[Any, Any]] = []
    items = body.items() if isinstance(body, dict) else enumerate(body)
    for key, value in items:
        found.append((body, key))
        if isinstance(value, dict | list):
            found += places(value)
    return found


def _junk(sent: Sent, by: random.Random) -> None:
    if isinstance(sent.body, dict | list) and (found := places(sent.body)):
        container, key = by.choice(found)
        container[key] = copy.deepcopy(by.choice(JUNK))
    else:
        sent.body = copy.deepcopy(by.choice(JUNK))


def _missing(sent: Sent, by: random.Random) -> None:
    if isinstance(sent.body, dict | list) and (found := places(sent.body)):
        container, key = by.choice(found)
        del container[key]


def _bytes(sent: Sent, by: random.Random) -> None:
    data = bytearray(sent.data)
    for _ in range(by.randint(1, 8) if data else 0):
        data[by.randrange(len(data))] = by.randrange(256)
    sent.raw = bytes(data)


def _cut(sent: Sent, by: random.Random) -> None:
    data = sent.data
    sent.raw = data[: by.randrange(len(data) + 1)] * by.choice((1, 1, 2))


def _header(sent: Sent, by: random.Random) -> None:
    sent.headers[by.choice(HEADERS)] = by.choice(VALUES)


def _query(sent: Sent, by: random.Random) -> None:
    names = ("surface", "variants", "format", "_method", "x" * 50, "surface[]")
    value = by.choice(("", "%00", "%ed%a0%80", "course-home", "-1", "9" * 400, "%F0%9F%A6%89", "²"))
    sent.query += f"&{by.choice(names)}={value}"


def _elsewhere(sent: Sent, by: random.Random) -> None:
    if by.random() < 0.5:
        sent.path = by.choice(PATHS)
    else:
        sent.method = by.choice(METHODS)


def answers(good: Good, inputs: int, seed: int) -> Iterator[tuple[Sent, Any]]:
    """Yields each request with its response."""
    from django.test import Client

    client = Client(raise_request_exception=False)
    by = random.Random(seed)
    for _, sent in zip(range(inputs), malformed(good, by), strict=False):
        client.cookies.clear()
        headers: dict[str, Any] = dict(sent.headers)
        kind = headers.pop("CONTENT_TYPE", "application/json")
        address = f"/api/{sent.path}?{sent.query}"
        yield sent, client.generic(sent.method.upper(), address, sent.data, kind, **headers)


def good_requests() -> Good:
    """Collects parts of valid requests on an existing page, for a user token and a server key."""
    from django.test import Client
    from django.utils import timezone

    from webapp.subjects.keys import server_key_make, user_token_make

    token = user_token_make(key="host:owner", now=timezone.now())
    mine = {"HTTP_AUTHORIZATION": f"Bearer {token}"}
    _, secret = server_key_make(name="stranger")
    server = {"HTTP_AUTHORIZATION": f"Bearer {secret}", "HTTP_X_SUBJECT": "host:owner"}
    layout = Client().get("/api/layout?surface=course-home", **mine).json()
    return Good(layout["decision"], layout["order"], [mine, server])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"VAR_DIR": folder, "DJANGO_SETTINGS_MODULE": "webapp.settings"}
        os.environ |= {"ALLOWED_HOSTS": "testserver", "LOG_LEVEL": "ERROR", "DEBUG": "no"}
        os.environ |= {"SECRET_KEY": "only-for-this-run-" * 3, "HTTPS": "no"}
        os.environ |= {"THROTTLE_LAYOUT": "1000000", "THROTTLE_WRITE": "1000000"}
        os.environ |= {"THROTTLE_SERVER_KEY": "10000000"}
        import django

        django.setup()
        counted = _run(options.inputs, options.seed)
    kind = os.environ.get("DATABASE_URL", "sqlite").partition(":")[0]
    line = {
        "malformed_inputs": options.inputs,
        "database": kind,
        "seed": options.seed,
        "answers": dict(counted),
    }
    print(json.dumps({**line, "failed": sum(n for s, n in counted.items() if s >= 500)}))
    return 0 if not any(status >= 500 for status in counted) else 1


def _run(inputs: int, seed: int) -> Counter[int]:
    from django.core.management import call_command

    logging.disable(logging.CRITICAL)  # a line per request would only be noise
    call_command("migrate", verbosity=0)
    call_command("load_fixtures", verbosity=0, stdout=io.StringIO())
    counted: Counter[int] = Counter()
    for sent, answer in answers(good_requests(), inputs, seed):
        counted[answer.status_code] += 1
        if answer.status_code >= 500:
            print(f"{answer.status_code}: {sent}", file=sys.stderr)
    return Counter(dict(sorted(counted.items())))


if __name__ == "__main__":
    sys.exit(main())
