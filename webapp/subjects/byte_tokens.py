"""A person's byte as a signed string: what a page by book sends with its events.

    <byte>.<hash of the book>.<visit>.<signature>

The signature begins with what the visit's decision needs besides (whose, since when, which day,
after how many wishes), and covers all of it. Nobody's visit is empty.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.core.signing import BadSignature, Signer

from webapp.subjects.decisions import UnreadableDecision

SALT = "webapp.byte"
SHAPE = re.compile(
    r"(\d{1,3})\.([0-9a-f]{16})\.([0-9a-f]{32})?\."
    r"([0-9a-f]{16})?-(\d{1,15})-(\d{1,6})-(\d{1,9}):[\w-]{43}",
    re.ASCII,
)


@dataclass(frozen=True)
class ByteToken:
    """byte: the entry of `book`, a hash; subject: hashed as in decisions, empty for nobody; since:
    ms; day, generation: see `decisions.Served`."""

    byte: int
    book: str
    visit: str
    subject: str
    since: int
    day: int
    generation: int


def sign(token: ByteToken) -> str:
    """`read` is the inverse. At most 150 characters."""
    facts = f"{token.subject}-{token.since}-{token.day}-{token.generation}"
    return _signer().sign(f"{token.byte}.{token.book}.{token.visit}.{facts}")


def read(text: str) -> ByteToken:
    """Raises UnreadableDecision if it was not signed by this server."""
    named = SHAPE.fullmatch(text)
    try:
        _signer().unsign(text)
    except BadSignature:
        named = None
    if named is None:
        raise UnreadableDecision("The byte was not signed by this server.")
    byte, book, visit, subject, *numbers = named.groups(default="")
    since, day, generation = map(int, numbers)
    return ByteToken(int(byte), book, visit, subject, since, day, generation)


def _signer() -> Signer:
    return Signer(salt=SALT)
