"""Reads settings from environment variables; errors give name, value and the allowed values.

A reader that is given a `help` text lists its variable in `webapp.configuration`. `unset` then
describes the default in words, where it depends on the deployment or on other variables.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import django
from django.core.exceptions import ImproperlyConfigured

from webapp.configuration import declare

TRUE, FALSE = ("1", "yes", "true", "on"), ("0", "no", "false", "off")
LIMIT, MEASURED = re.compile(r"[0-9]{1,2}(\.[0-9]+)?", re.ASCII), "measured"
SHARE = re.compile(r"0(\.[0-9]+)?|1(\.0+)?")
SAMPLERS = tuple(
    f"{of}{kind}"
    for of in ("parentbased_", "")
    for kind in ("always_on", "always_off", "traceidratio")
)
"""OpenTelemetry's names of samplers, its default first."""
MAIL_SECONDS = 20
"""Timeout of the mail server."""
SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
NEW_KEY = "python -c 'import secrets; print(secrets.token_urlsafe(50))'"


def text(
    name: str, default: str = "", *, allowed: str = "any text", help: str = "", unset: str = ""
) -> str:
    declare(name, unset or default, allowed, help)
    return os.environ.get(name, default)


def secret_or_debug(name: str) -> None:
    """Raises where production seems to have lost its key: it is empty, or hosts are set without it.

    Otherwise the site would start as development, with a publicly known key. A database or a cache
    alone demands no key, as tests run on them. DEBUG=yes states that development is meant.
    """
    if text(name) or text("DEBUG").strip():
        return
    if name in os.environ:
        raise _lost(name, "empty")
    if text("ALLOWED_HOSTS").strip():
        raise _lost(name, "missing, with ALLOWED_HOSTS set")


def secret_here(name: str) -> None:
    """Raises where the key is missing, whatever DEBUG is."""
    if not text(name):
        raise _lost(name, "missing")


def _lost(name: str, why: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(
        f"{name}=({why}) is refused. Set it to at least 32 random characters: {NEW_KEY}. "
        "For development use `make run` without it, or DEBUG=yes."
    )


def folder(name: str, path: Path) -> None:
    """Creates the folder that a variable names."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        allowed = f"a folder that this user can make or write ({error.strerror})"
        raise _wrong(name, str(path), allowed) from error


def boolean(name: str, default: bool, *, help: str = "", unset: str = "") -> bool:
    declare(name, unset or default, "yes, no", help)
    value = os.environ.get(name, "").strip().lower()
    if not value:
        return default
    if value not in TRUE + FALSE:
        raise _wrong(name, value, f"one of {', '.join(TRUE + FALSE)}")
    return value in TRUE


def integer(
    name: str, default: int, *, low: int, high: int, help: str = "", unset: str = ""
) -> int:
    allowed = f"a whole number from {low} to {high}"
    declare(name, unset or default, allowed, help)
    value = os.environ.get(name, "").strip()
    if not value:
        return default
    if not value.isdecimal() or not low <= int(value) <= high:
        raise _wrong(name, value, allowed)
    return int(value)


def address(name: str, default: str, *, help: str = "") -> str:
    """Returns listening addresses such as `HOST:PORT` or `unix:PATH`, separated by commas."""
    allowed = "an address with a port, such as 127.0.0.1:8000, or unix:/PATH"
    declare(name, default, allowed, help)
    value = os.environ.get(name, "").strip() or default
    for part in value.split(","):
        if not part.strip().startswith(("unix:", "fd://")) and not _has_port(part.strip()):
            raise _wrong(name, value, allowed)
    return value


def _has_port(text: str) -> bool:
    try:
        return urlsplit(f"//{text}").port is not None
    except ValueError:
        return False


def choice(
    name: str, default: str, allowed: Sequence[str], *, help: str = "", unset: str = ""
) -> str:
    declare(name, unset or default, ", ".join(allowed), help)
    value = os.environ.get(name, "").strip() or default
    if value not in allowed:
        raise _wrong(name, value, f"one of {', '.join(allowed)}")
    return value


def words(name: str, default: Sequence[str] = (), *, help: str = "") -> list[str]:
    """Returns a list separated by commas or spaces."""
    declare(name, default, "a list, separated by commas or spaces", help)
    value = os.environ.get(name, "").replace(",", " ").split()
    return value or list(default)


def url(name: str, default: str, schemes: Sequence[str], *, help: str = "", unset: str = "") -> str:
    """Returns a URL with one of the schemes; checks the port and Redis's database number."""
    declare(name, unset or default, ", ".join(f"`{s}://…`" for s in schemes), help)
    value = os.environ.get(name, "").strip() or default
    if not value:
        return value
    try:
        parts = urlsplit(value)
        _ = parts.port  # parsed on access; raises ValueError
    except ValueError as error:
        allowed = "a URL whose port is a number up to 65535; write @ : / [ of a password as %40 …"
        raise _wrong(name, _without_password(value), allowed) from error
    if parts.scheme not in schemes:
        allowed = f"a URL that starts with {', '.join(s + '://' for s in schemes)}"
        raise _wrong(name, _without_password(value), allowed)
    if parts.scheme in ("redis", "rediss") and not re.fullmatch(r"(/[0-9]*)?", parts.path):
        # redis-py would silently use database 0
        allowed = "a URL that ends with the number of the database, such as redis://HOST:6379/0"
        raise _wrong(name, _without_password(value), allowed)
    return value


def _without_password(value: str) -> str:
    """Hides the password, as messages end up in logs."""
    return re.sub(r"^((?:[a-z+]+://)?[^:@]*):.*@", r"\1:…@", value, flags=re.IGNORECASE)


def hosts(name: str, default: Sequence[str], *, help: str = "", unset: str = "") -> list[str]:
    """Returns host names as Django compares them: without scheme, port and path."""
    allowed = "host names such as shop.example, without scheme and port"
    declare(name, unset or default, allowed, help)
    found = words(name, default)
    for host in found:
        if "/" in host or (":" in host and not host.endswith("]")):
            raise _wrong(name, host, allowed)
    return found


def origins(name: str, *, help: str = "") -> list[str]:
    """Returns origins such as `https://shop.example`, separated by commas or spaces."""
    allowed = "origins such as https://shop.example, without a path"
    declare(name, "", allowed, help)
    found = words(name)
    for origin in found:
        parts = urlsplit(origin)
        is_bare = parts.scheme in ("http", "https") and f"{parts.scheme}://{parts.netloc}" == origin
        if not (is_bare and parts.hostname and "*" not in origin and "@" not in origin):
            raise _wrong(name, origin, allowed)
    return found


def path_prefix(name: str, *, help: str = "", unset: str = "") -> str | None:
    """Returns a path such as `/layouts`, or None where there is none."""
    allowed = "a path such as /layouts, without a slash at its end"
    given = text(name, allowed=allowed, help=help, unset=unset)
    if given and not re.fullmatch(r"(/[\w.~-]+)+", given, re.ASCII):
        raise _wrong(name, given, allowed)
    return given or None


def addresses(name: str, default: Sequence[str] = (), *, help: str = "") -> list[str]:
    """Returns e-mail addresses separated by commas or spaces."""
    allowed = "addresses such as me@example.org, separated by commas"
    declare(name, default, allowed, help)
    found = words(name, default)
    for address in found:
        local, at, host = address.rpartition("@")
        if not (local and at and host) or any(c in address for c in "<>;"):
            raise _wrong(name, address, allowed)
    return found


def mail(name: str, *, help: str = "") -> dict[str, Any]:
    """Returns Django's settings of mail: MAILERS, or on Django before 6.1 those named EMAIL_….

    `smtp://user:password@host:587` (upgraded by STARTTLS), `smtps://…:465`, `smtp://…?starttls=no`
    for a relay on this machine, `file:///FOLDER`, or the default `console://`, which writes mails
    to the worker's log.
    """
    schemes = ("smtp", "smtps", "file", "console")
    parts = urlsplit(url(name, "console://", schemes, help=help))
    is_smtp = parts.scheme in ("smtp", "smtps")
    shown = _without_password(parts.geturl())
    if is_smtp and not parts.hostname:
        raise _wrong(name, shown, "a URL that names the mail server")
    if parts.scheme == "file" and not parts.path.strip("/"):
        raise _wrong(name, shown, "file:/// and the path of a folder")
    if parts.query not in ("", "starttls=no", "starttls=yes"):
        raise _wrong(name, shown, "a URL without options, or with ?starttls=no")
    kind = {"file": "filebased", "console": "console"}.get(parts.scheme, "smtp")
    options: dict[str, Any] = {}
    if is_smtp:
        options = {
            "host": parts.hostname,
            "port": parts.port or (465 if parts.scheme == "smtps" else 587),
            "username": unquote(parts.username or ""),
            "password": unquote(parts.password or ""),
            "use_ssl": parts.scheme == "smtps",
            "use_tls": parts.scheme == "smtp" and parts.query != "starttls=no",
            "timeout": MAIL_SECONDS,
        }
    elif kind == "filebased":
        options = {"file_path": parts.path}
    return _mail_settings(f"django.core.mail.backends.{kind}.EmailBackend", options)


def _mail_settings(backend: str, options: dict[str, Any]) -> dict[str, Any]:
    if django.VERSION >= (6, 1):
        return {"MAILERS": {"default": {"BACKEND": backend, "OPTIONS": options}}}
    named = {"username": "HOST_USER", "password": "HOST_PASSWORD"}
    old = {f"EMAIL_{named.get(k, k.upper())}": value for k, value in options.items()}
    return {"EMAIL_BACKEND": backend, **old}


def collector(name: str, *, help: str = "") -> str:
    """Returns the address of a trace collector (OTLP over HTTP), without `/v1/traces`."""
    value = url(name, "", ("http", "https"), help=help)
    if not value:
        return ""
    parts = urlsplit(value)
    is_whole = bool(parts.hostname) and parts.port != 0
    if not is_whole or parts.query or parts.fragment or parts.username is not None:
        shown = value.rpartition("@")[2]  # no password in a log
        raise _wrong(name, shown, "an address such as http://127.0.0.1:4318, without a user")
    return value.rstrip("/")


def share(name: str, default: float, *, help: str = "") -> float:
    allowed = "a share from 0 to 1, such as 0.01"
    declare(name, default, allowed, help)
    value = os.environ.get(name, "").strip()
    if value and not SHARE.fullmatch(value):
        raise _wrong(name, value, allowed)
    return float(value or default)


def limit(name: str, default: float | None, *, help: str = "") -> float | None:
    """Returns a limit that a figure may reach, or None for `measured`: it is told and holds nothing
    up."""
    allowed = f"`{MEASURED}`, or a number from 0 to 99 such as 0.05"
    declare(name, MEASURED if default is None else default, allowed, help)
    value = os.environ.get(name, "").strip().lower()
    if not value:
        return default
    if value != MEASURED and not LIMIT.fullmatch(value):
        raise _wrong(name, value, allowed)
    return None if value == MEASURED else float(value)


def database(name: str, default: Path, *, help: str = "", unset: str = "") -> dict[str, Any]:
    """Reads `sqlite:///PATH` or `postgres://user:password@host:port/name`; default: SQLite there.

    PostgreSQL's may end with `?sslmode=verify-full&sslrootcert=PATH`, which is passed to libpq.
    """
    schemes = ("sqlite", "postgres", "postgresql")
    parts = urlsplit(url(name, f"sqlite:///{default}", schemes, help=help, unset=unset))
    shown = _without_password(parts.geturl())
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    allowed = () if parts.scheme == "sqlite" else ("sslmode", "sslrootcert")
    if parts.fragment or not options.keys() <= set(allowed) or bool(parts.query) != bool(options):
        raise _wrong(name, shown, f"a URL without options but {', '.join(allowed) or 'none'}")
    if parts.scheme == "sqlite":
        return _sqlite(parts.path.removeprefix("/"))
    if not parts.path.strip("/"):
        raise _wrong(name, shown, "a URL that ends with the name of the database")
    if options.get("sslmode", SSL_MODES[0]) not in SSL_MODES:
        raise _wrong(name, shown, f"a URL whose sslmode is one of {', '.join(SSL_MODES)}")
    return {
        "ENGINE": "webapp.postgres",
        "NAME": unquote(parts.path.strip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"connect_timeout": 5, **options},  # seconds
    }


def _sqlite(path: str) -> dict[str, Any]:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": path,
        "CONN_MAX_AGE": 600,
        "OPTIONS": {
            "timeout": 20,
            # Writers wait at BEGIN; otherwise a transaction that reads first can fail on its write.
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
        },
    }


def _wrong(name: str, value: str, allowed: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(f"{name}={value!r} is not understood. Set it to {allowed}.")
