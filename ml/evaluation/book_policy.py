"""The policy `book`: each person is shown an entry of the day's book, which their byte names."""

from __future__ import annotations

from collections.abc import Sequence

from ml.evaluation.shown import Policy, Shown
from uiengine.book.book import Book, make_book
from uiengine.book.choice import choose_byte, has_wishes
from uiengine.engine import choose
from uiengine.model.prediction import Prediction
from uiengine.model.version import CodebookVersion
from uiengine.request import Request


def from_book(version: CodebookVersion, entries: int) -> Policy:
    """A book is made once per page and day, from the popularity that is known then."""
    books: dict[str, Book] = {}

    def book_of(request: Request) -> Book:
        slug = request.surface.slug
        known = books.get(slug)
        if known is None or known.day != request.day:
            known = make_book(request.surface, version, request.popularity, request.day, entries)
            books[slug] = known
        return known

    def decide(requests: Sequence[Request]) -> list[Shown]:
        read = version.read(requests)
        return [
            _shown(request, prediction, book_of(request), version.id)
            for request, prediction in zip(requests, read, strict=True)
        ]

    return decide


def _shown(request: Request, prediction: Prediction, book: Book, version_id: str) -> Shown:
    """People whose wishes no entry holds are served by the engine, as on the page."""
    if has_wishes(request):
        made = choose(request, prediction, version_id)
        return Shown(made.layout.order, prediction.tokens, prediction.side_bits, status=made.status)
    choice = choose_byte(request, prediction, book)
    tokens = () if choice.byte is None else (choice.byte,)
    reasons = () if choice.byte is None else book.reasons(choice.byte)
    return Shown(
        choice.order,
        tokens,
        distortion=prediction.distortion,
        saves=choice.saves,
        reasons=reasons,
    )
