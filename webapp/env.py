"""Settings from environment variables; a wrong one fails with name, value and what is allowed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

TRUE, FALSE = ("1", "yes", "true", "on"), ("0", "no", "false", "off")


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, default)


def boolean(name: str, default: bool) -> bool:
    value = os.environ.get(name, "").strip().lower()
    if not value:
        return default
    if value not in TRUE + FALSE:
        raise _wrong(name, value, f"one of {', '.join(TRUE + FALSE)}")
    return value in TRUE


def integer(name: str, default: int, *, low: int, high: int) -> int:
    value = os.environ.get(name, "").strip()
    if not value:
        return default
    if not value.isdecimal() or not low <= int(value) <= high:
        raise _wrong(name, value, f"a whole number from {low} to {high}")
    return int(value)


def choice(name: str, default: str, allowed: Sequence[str]) -> str:
    value = os.environ.get(name, "").strip() or default
    if value not in allowed:
        raise _wrong(name, value, f"one of {', '.join(allowed)}")
    return value


def words(name: str, default: Sequence[str] = ()) -> list[str]:
    """A list separated by commas or spaces."""
    value = os.environ.get(name, "").replace(",", " ").split()
    return value or list(default)


def url(name: str, default: str, schemes: Sequence[str]) -> str:
    value = os.environ.get(name, "").strip() or default
    if value and urlsplit(value).scheme not in schemes:
        raise _wrong(name, value, f"a URL that starts with {', '.join(s + '://' for s in schemes)}")
    return value


def database(name: str, default: Path) -> dict[str, Any]:
    """`sqlite:///PATH` or `postgres://user:password@host:port/name`; unset: SQLite at `default`."""
    parts = urlsplit(url(name, f"sqlite:///{default}", ("sqlite", "postgres", "postgresql")))
    if parts.scheme == "sqlite":
        return _sqlite(parts.path.removeprefix("/"))
    if not parts.path.strip("/"):
        raise _wrong(name, parts.geturl(), "a URL that ends with the name of the database")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.strip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
    }


def _sqlite(path: str) -> dict[str, Any]:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": path,
        "CONN_MAX_AGE": 600,
        "OPTIONS": {
            "timeout": 20,
            # Writers queue up at BEGIN instead of failing when a reader wants to write.
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
        },
    }


def _wrong(name: str, value: str, allowed: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(f"{name}={value!r} is not understood. Set it to {allowed}.")
