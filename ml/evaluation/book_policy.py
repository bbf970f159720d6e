"""The policies `book` and `device`: each person is shown an entry of the day's book.

With `book` the server chooses their byte, with `device` their browser, which knows the public book
and the person's own past alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from ml.evaluation.reading import read_alike
from ml.evaluation.shown import Policy, Shown
from uiengine.book.book import Book, make_book
from uiengine.book.choice import choose_byte, has_wishes
from uiengine.book.device import expected_on_device
from uiengine.engine import choose
from uiengine.model.prediction import Prediction
from uiengine.model.version import CodebookVersion
from uiengine.request import Request


def from_book(version: CodebookVersion, entries: int) -> Policy:
    """Chosen on the server, from the version's reading of the person."""
    book_of = _Books(version, entries)

    def decide(requests: Sequence[Request]) -> list[Shown]:
        read = read_alike(version, requests)
        return [
            _shown(request, prediction, book_of(request), version.id)
            for request, prediction in zip(requests, read, strict=True)
        ]

    return decide


def on_device(version: CodebookVersion, entries: int) -> Policy:
    """Chosen in the browser, which reads no version."""
    book_of = _Books(version, entries)

    def decide(requests: Sequence[Request]) -> list[Shown]:
        shown = []
        for request in requests:
            book = book_of(request)
            assert book.net is not None
            prediction = expected_on_device(request, book.net)
            shown.append(_shown(request, prediction, book, version.id))
        return shown

    return decide


class _Books:
    """A book is made once per page and day, from the popularity that is known then."""

    def __init__(self, version: CodebookVersion, entries: int) -> None:
        self.version, self.entries = version, entries
        self._known: dict[str, Book] = {}

    def __call__(self, request: Request) -> Book:
        surface, day = request.surface, request.day
        known = self._known.get(surface.slug)
        if known is None or known.day != day:
            known = make_book(surface, self.version, request.popularity, day, self.entries)
            self._known[surface.slug] = known
        return known


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
