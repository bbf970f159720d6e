"""Which byte a person has on a page by book: as long as a visit lasts, and for the one after it.

The byte of an open visit is the entry that was shown in it. The next one is chosen as if the visit
ended now, so that a page from a cache can place itself before anybody is asked. Whom a byte cannot
serve (wishes, control share, canary, exploration, a page that is not live) the engine serves.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import DatabaseError

from uiengine.behaviour.days import day_end, day_of
from uiengine.book.choice import choose_byte, has_wishes
from uiengine.request import Request
from webapp.layouts.answer import throttles
from webapp.layouts.answer.context import (
    DecisionContext,
    decision_context,
    nobody_context,
    request_of,
    search_budget,
)
from webapp.lib import database
from webapp.lib.times import to_milliseconds
from webapp.serving.books import PublicBook, books
from webapp.serving.pages import Page
from webapp.subjects import byte_tokens, decisions
from webapp.subjects.byte_tokens import ByteToken

log = logging.getLogger(__name__)
ENGINE = "engine"
"""What stands in place of a token for somebody whom the engine serves."""
WAIT = 60
"""Seconds after which somebody may ask again whom nothing could be told."""


@dataclass(frozen=True)
class Token:
    """text, next: signed bytes for this visit and the one after it, or ENGINE; visit: empty for
    nobody; until: seconds since 1970, when the visit ends; is_sure: False if nothing could be read,
    so that what a browser holds is better."""

    text: str
    next: str
    visit: str
    until: int
    is_sure: bool = True


def token_read(
    *, key: str, page: Page, now: datetime, limits: Mapping[str, int], is_known: bool = True
) -> Token:
    """Returns the person's token; of nobody, if `key` is empty. Never fails.

    limits: the caller's, see `throttles`; is_known: False if nothing tells who asks.
    """
    try:
        if not is_known or throttles.is_counted_over(limits):
            return _unsure(now)
        return _read(key, page, now)
    except DatabaseError:
        log.warning("token.database_away", exc_info=True)
        database.connection().close_if_unusable_or_obsolete()
    except Exception:
        log.exception("token.failed", extra={"surface": page.surface.slug})
    return _unsure(now)


def _unsure(now: datetime) -> Token:
    return Token(ENGINE, ENGINE, "", int(now.timestamp()) + WAIT, is_sure=False)


def _read(key: str, page: Page, now: datetime) -> Token:
    if not key:
        return _of_nobody(page, now)
    found = decision_context(key=key, page=page, now=now)
    text = _token(found, page)
    following = text
    if found.is_open:
        later = now + timedelta(milliseconds=page.gap)
        following = _token(decision_context(key=key, page=page, now=later), page)
    return Token(text, following, found.visit, found.until // 1000)


def _of_nobody(page: Page, now: datetime) -> Token:
    milliseconds, zone = to_milliseconds(now), page.surface.zone
    found = nobody_context(page, day_of(milliseconds, zone))
    book = books.of_page(page, found.day)
    text = _signed(found, book, 0) if book else ENGINE
    return Token(text, text, "", day_end(milliseconds, zone) // 1000)


def _token(found: DecisionContext, page: Page) -> str:
    """The visit's token, or ENGINE. page: the champion's."""
    is_canary = found.page.wanted != page.wanted
    if found.is_control or is_canary or (page.wanted and found.is_decided_by_another):
        return ENGINE
    if page.surface.guardrails.exploration or page.surface.mode != "live":
        return ENGINE
    book = books.of_page(page, found.day)
    request = request_of(found)
    if book is None or has_wishes(request):
        return ENGINE
    byte = _byte(found, request, book)
    return ENGINE if byte is None else _signed(found, book, byte)


def _byte(found: DecisionContext, request: Request, book: PublicBook) -> int | None:
    """None where the person keeps an order that is no entry."""
    version, value = found.page.version, book.of(found.page.surface)
    if found.shown:
        return value.bytes_by_order.get(found.shown)
    if version is None or search_budget.is_aside(version.id):
        return None
    if not request.profile.order:
        return 0
    with search_budget.deciding(version.id):
        return choose_byte(request, version.read([request])[0], value).byte


def _signed(found: DecisionContext, book: PublicBook, byte: int) -> str:
    return byte_tokens.sign(
        ByteToken(
            byte=byte,
            book=book.hash,
            visit=found.visit,
            subject=decisions.subject_hash(found.key, found.times_erased),
            since=found.since,
            day=found.day,
            generation=found.profile.feedback.generation,
        )
    )


def served_of(text: str) -> decisions.Served | None:
    """The decision that a token stands for; None if its book is kept no longer.

    Raises UnreadableDecision.
    """
    token = byte_tokens.read(text)
    book = books.named(token.book)
    if book is None:
        return None
    return decisions.Served(
        subject=token.subject,
        surface=book.surface,
        revision=book.revision,
        visit=token.visit,
        since=token.since,
        day=token.day,
        version=book.version,
        generation=token.generation,
        status="adapted",
        order=book.order(token.byte),
        tokens=(token.byte,),
        book=token.book,
    )
