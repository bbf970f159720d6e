"""What a byte shows a person, taken apart beside what the engine would choose for them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from uiengine.decision import Decision, Stability
from uiengine.model.version import CodebookVersion
from uiengine.page.layout import moved_blocks
from uiengine.search.evaluate import energies
from webapp.layouts.answer.context import DecisionContext, request_of
from webapp.layouts.answer.token import ENGINE, token_read
from webapp.serving.books import PublicBook, books
from webapp.serving.pages import Page
from webapp.studio.anatomy import Anatomy, take_apart
from webapp.subjects import byte_tokens
from webapp.subjects.models import Profile


@dataclass(frozen=True)
class ByByte:
    """byte: the entry of `book`, a hash, which has `entries`; anatomy: of that entry."""

    byte: int
    book: str
    entries: int
    anatomy: Anatomy


def by_byte(
    row: Profile, page: Page, found: DecisionContext, version: CodebookVersion, now: datetime
) -> ByByte | None:
    """The entry that the person has now; None if the engine served their last page, or would now.

    page: the champion's; found: what the engine would decide by.
    """
    last = row.decisions.order_by("-pk").values_list("book", flat=True).first()
    text = token_read(key=row.subject.key, page=page, now=now, limits={}).text if last else ENGINE
    if text == ENGINE:
        return None
    token = byte_tokens.read(text)
    book = books.named(token.book)
    if book is None:
        return None
    decision = _decision(found, version, book, token.byte)
    anatomy = take_apart(request_of(found), version, shown=decision)
    told = f"a byte: entry {token.byte} of the page's book"
    return ByByte(token.byte, book.hash, len(book.orders), replace(anatomy, decided_by=told))


def _decision(
    found: DecisionContext, version: CodebookVersion, book: PublicBook, byte: int
) -> Decision:
    """The entry as a decision, with its energy for this person."""
    request, surface = request_of(found), found.page.surface
    prediction = version.read([request])[0]
    layout = book.of(surface).layout(byte)
    before = request.profile.order
    return Decision(
        layout=layout,
        status="adapted",
        version=version.id,
        revision=book.revision,
        visit=found.visit,
        generation=found.profile.feedback.generation,
        tokens=prediction.tokens,
        side_bits=prediction.side_bits,
        distortion=prediction.distortion,
        energy=float(energies(request, prediction, [layout.order], {})[0]),
        stability=Stability(
            moved_blocks(before, layout.order) if before else (),
            surface.guardrails.move_budget,
        ),
        reasons=book.reasons(byte, surface),
    )
