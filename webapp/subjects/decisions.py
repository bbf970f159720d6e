"""Decisions as signed strings, and the hashes of subjects that name visits and groups.

The page carries the decision as a string and sends it back with events, so serving writes nothing.
The string is compressed and signed with its own salt and without a time, so equal decisions give
equal bytes. It names its subject by a hash, so it also proves that one of our pages sent a batch of
events (see `authentication`).
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import lru_cache
from typing import Any

import orjson
from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.utils.crypto import salted_hmac

SALT = "webapp.decision"
FORMAT = 2


Drawable = tuple[tuple[int, ...], float, float]
"""An order (as positions in the shown order), its modelled seconds, and its propensity."""


class UnreadableDecision(ValueError):
    """The string was not signed by this server, or was changed afterwards."""


@dataclass(frozen=True)
class Served:
    """A decision as it was served.

    order: as shown; since: ms, the last event before the visit (see `visit_state`); budget:
    candidates that could be scored, 0 if nothing was decided; candidates: the orders drawn from, if
    the surface explores; book: the hash of the book whose entry was shown, empty where the engine
    decided. It is never signed: a byte's own string names its book. sizes: size classes of blocks
    that have not their default size.
    """

    subject: str
    surface: str
    revision: int
    visit: str
    since: int
    day: int
    version: str
    generation: int
    status: str
    order: tuple[str, ...]
    tokens: tuple[int, ...] = ()
    side_bits: int = 0
    distortion: float = 0.0
    propensity: float = 1.0
    explored: bool = False
    budget: int = 0
    candidates: tuple[Drawable, ...] = ()
    book: str = field(default="", repr=False)
    sizes: Mapping[str, int] = field(default_factory=dict, repr=False)

    @property
    def digest(self) -> str:
        sized = repr(sorted(self.sizes.items())) if self.sizes else ""
        return hashlib.sha256(f"{self!r}{sized}".encode()).hexdigest()[:32]


SIGNED = tuple(f.name for f in fields(Served) if f.name not in ("book", "sizes"))
"""Columns of each signed decision. Sizes follow them where some block has another than its own."""


def sign(served: Served) -> str:
    """Encodes the engine's decision as a string; `read` is the inverse."""
    values = [getattr(served, name) for name in SIGNED]
    if served.sizes:
        values.append(dict(served.sizes))
    return _signer().sign_object([FORMAT, *values], serializer=_UTF8, compress=True)


def read(text: str) -> Served:
    """Decodes a signed decision. Raises UnreadableDecision."""
    try:
        version, *values = _signer().unsign_object(text, serializer=_UTF8)
    except (BadSignature, ValueError, TypeError, zlib.error) as error:
        raise UnreadableDecision("The decision was not signed by this server.") from error
    sizes = values.pop() if len(values) == len(SIGNED) + 1 else {}
    if version != FORMAT or len(values) != len(SIGNED):
        raise UnreadableDecision("The decision comes from another release of this server.")
    if None in values:  # orjson writes NaN as null; an earlier release signed it
        raise UnreadableDecision("The decision holds a number that is not finite.")
    columns: list[Any] = [_frozen(value) for value in values]
    return replace(Served(*columns), sizes=sizes)


class _UTF8:
    """Serialises as UTF-8; Django's own serializer reads Latin-1."""

    def dumps(self, value: Any) -> bytes:
        return orjson.dumps(value)

    def loads(self, data: bytes) -> Any:
        return orjson.loads(data)


def _frozen(value: Any) -> Any:
    return tuple(_frozen(part) for part in value) if isinstance(value, list) else value


def subject_hash(key: str, times_erased: int = 0) -> str:
    """Hashes a subject's key for decisions; empty without a key. Every erasure changes the hash."""
    return _subject_hash(key, times_erased) if key else ""


def subject_hashes(key: str, times_erased: int = 0) -> set[str]:
    """The names of a subject in decisions signed under SECRET_KEY or one of its fallbacks."""
    known = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return {_subject_hash(key, times_erased, secret) for secret in known} if key else set()


def visit_id(key: str, surface: str, since: int) -> str:
    """Returns the id of the visit that begins after the event at `since` (ms, 0 if none)."""
    value = f"{key}\n{surface}\n{since}"
    return salted_hmac("webapp.visit", value, algorithm="sha256").hexdigest()[:32]


def erasure_marks(key: str) -> list[str]:
    """The marks under which rows of the key's erasures can be stored."""
    return list(_erasure_marks(key, settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))


@lru_cache(maxsize=256)
def _erasure_marks(key: str, *secrets: str) -> tuple[str, ...]:
    """A request needs them twice: for its token, and for its state."""
    return tuple(stored_mark("erasure", key, secret) for secret in secrets)


def stored_mark(purpose: str, value: str, secret: str | None = None) -> str:
    """A keyed hash of a value, as stored in rows. secret: SECRET_KEY if None."""
    digest = salted_hmac(f"webapp.{purpose}", value, secret, algorithm="sha256")
    return digest.hexdigest()[:32]


def stored_marks(purpose: str, value: str) -> list[str]:
    """All marks that rows can have: under SECRET_KEY, and under each of SECRET_KEY_FALLBACKS."""
    known = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return [stored_mark(purpose, value, secret) for secret in known]


def is_control(key: str, slug: str, percent: int) -> bool:
    """Returns True if the subject belongs to the control group, which keeps the default layout.

    Every process gives one answer. A larger percentage adds subjects and removes none.
    """
    digest = hashlib.sha256(f"control\n{slug}\n{key}".encode()).digest()
    return int.from_bytes(digest[:8]) < percent * 2**64 // 100


def _subject_hash(key: str, times_erased: int, secret: str | bytes | None = None) -> str:
    value = f"{key}\n{times_erased}" if times_erased else key
    return salted_hmac(SALT, value, secret, algorithm="sha256").hexdigest()[:16]


def _signer() -> Signer:
    return Signer(salt=SALT)
