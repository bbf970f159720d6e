"""People on a page by book, whose browser keeps the two tokens as cookies."""

from __future__ import annotations

from typing import Any

from tests.webapp.conftest import Person
from tests.webapp.layouts.kept_books import book_of_today
from webapp.serving.books import books
from webapp.surfaces.models import Surface


class Reader(Person):
    def token(self) -> dict[str, Any]:
        answer = self.get("token?surface=course-home")
        assert answer.status_code == 200, answer.content
        found: dict[str, Any] = answer.json()
        return found

    def order(self, token: dict[str, Any]) -> list[str]:
        book = books.named(token["book"])
        assert book is not None
        return list(book.order(token["byte"]))

    def decision(self, token: dict[str, Any]) -> dict[str, Any]:
        return {"decision": ".".join(str(token[k]) for k in ("byte", "book", "visit", "signature"))}

    def shown(self) -> dict[str, Any]:
        """The page's decision: of the byte, or of the engine where the token says so."""
        token = self.token()
        if "byte" not in token:
            return self.layout()
        return {**self.decision(token), "order": self.order(token)}

    def read(self, *blocks: str) -> dict[str, Any]:
        """A visit of one page, then a day away with a worker that makes the next day's book."""
        token = self.token()
        sent = [self.event("impression"), *(self.event("use", block) for block in blocks)]
        self.send(self.decision(token), *sent)
        self.clock.advance(days=1)
        book_of_today(Surface.objects.get())
        return token
