"""Decisions as signed strings: what was served travels with the page, and serving writes nothing.

The string is compressed and signed with its own salt, without a time: the same decision gives the
same bytes. It names its subject by a hash, which also makes it the proof that a batch of events was
sent by a page of ours (see `authentication`).
"""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass, fields
from typing import Any

import orjson
from django.conf import settings
from django.core.signing import BadSignature, Signer, b64_encode

from webapp.subjects.keyed_hash import mark

SALT = "webapp.decision"
FORMAT = 2


Drawable = tuple[tuple[int, ...], float, float]
"""An order, as places in the order that was shown; its modelled seconds; its propensity."""


class UnreadableDecision(ValueError):
    """The string was not signed by this server, or was changed since."""


@dataclass(frozen=True)
class Served:
    """order: as shown; since: ms, the last event before the visit (see `visits`); budget:
    candidates that could be scored, 0 where nothing was decided; candidates: what was drawn among,
    where the surface explores."""

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

    @property
    def digest(self) -> str:
        return hashlib.sha256(repr(self).encode()).hexdigest()[:32]


def sign(served: Served) -> str:
    """As `Signer.sign_object` would, but packed by a compressor of 32 KB: Django's clears 128 KB,
    in a processor's caches that the rest of an answer needs."""
    values = [getattr(served, f.name) for f in fields(served)]
    packer = zlib.compressobj(wbits=12, memLevel=5)
    packed = packer.compress(_UTF8().dumps([FORMAT, *values])) + packer.flush()
    return _signer().sign(f".{b64_encode(packed).decode()}")


def read(text: str) -> Served:
    """Raises UnreadableDecision."""
    try:
        version, *values = _signer().unsign_object(text, serializer=_UTF8)
    except (BadSignature, ValueError, TypeError, zlib.error) as error:
        raise UnreadableDecision("The decision was not signed by this server.") from error
    if version != FORMAT or len(values) != len(fields(Served)):
        raise UnreadableDecision("The decision comes from another release of this server.")
    columns: list[Any] = [_frozen(value) for value in values]
    return Served(*columns)


class _UTF8:
    """Django's own serializer reads Latin-1."""

    def dumps(self, value: Any) -> bytes:
        return orjson.dumps(value)

    def loads(self, data: bytes) -> Any:
        return orjson.loads(data)


def _frozen(value: Any) -> Any:
    return tuple(_frozen(part) for part in value) if isinstance(value, list) else value


def subject_hash(key: str, times_erased: int = 0) -> str:
    """What a decision calls its subject; empty for nobody. After an erasure it is another name."""
    value = f"{key}\n{times_erased}" if times_erased else key
    return mark(SALT, value)[:16] if key else ""


def subject_hashes(key: str, times_erased: int = 0) -> set[str]:
    """What decisions call a subject that were signed under this secret, or one before it."""
    value = f"{key}\n{times_erased}" if times_erased else key
    known = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return {mark(SALT, value, secret)[:16] for secret in known} if key else set()


def visit_id(key: str, surface: str, since: int) -> str:
    """The id of the visit that begins after the event at `since` (ms; 0 if none)."""
    value = f"{key}\n{surface}\n{since}"
    return mark("webapp.visit", value)[:32]


def _signer() -> Signer:
    return Signer(salt=SALT)
