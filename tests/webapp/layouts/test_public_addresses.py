"""What is public is the same for everybody: every address that can be read, with two people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.template import Context, Template
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, path
from django.utils import timezone

from tests.webapp.layouts.kept_books import book_of_today
from webapp import urls
from webapp.subjects.keys import VISITOR_COOKIE, visitor_make
from webapp.subjects.models import Profile

pytestmark = pytest.mark.django_db(transaction=True)
PASSING = {"X-Request-ID", "Content-Length"}
FILLED = {"surface": "course-home", "int": "1", "slug": "course-home", "str": "x", "path": "x"}


def page_of(arguments: str) -> Any:
    def shown(request: HttpRequest) -> HttpResponse:
        tag = f"{{% load adaptive_layout %}}{{% adaptive_layout 'course-home' {arguments} %}}"
        response = HttpResponse(Template(tag).render(Context({"request": request})))
        if arguments:
            response["Cache-Control"] = "public, max-age=60"
        return response

    return shown


urlpatterns = [
    path("mine", page_of("")),
    path("by-book", page_of("from='book' controls=True")),
    path("on-device", page_of("mode='device' controls=True")),
    *urls.urlpatterns,
]


def addresses(resolver: URLResolver, book: str, before: str = "/") -> Iterator[str]:
    """Every address of the project, its parameters filled."""
    for pattern in resolver.url_patterns:
        route = str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern, book, before + route)
        elif isinstance(pattern, URLPattern) and hasattr(pattern.pattern, "converters"):
            for name, converter in pattern.pattern.converters.items():
                kind = type(converter).__name__.removesuffix("Converter").lower()
                value = book if (name, kind) == ("name", "string") else FILLED.get(name)
                value = value or {"string": "x"}.get(kind) or FILLED[kind]
                route = (
                    route.replace(f"<{kind}:{name}>", value)
                    .replace(f"<str:{name}>", value)
                    .replace(f"<{name}>", value)
                )
            yield before + route


def readers(page) -> list[Client]:
    """Two who are signed in, one of them staff, and a visitor: each with a past of their own."""
    clients = [Client(headers={"Accept-Language": language}) for language in ("de", "de", "de")]
    for client, (name, is_staff) in zip(clients, (("ada", False), ("grace", True)), strict=False):
        user = User.objects.create_user(name, is_staff=is_staff, is_superuser=is_staff)
        client.force_login(user)
    clients[2].cookies[VISITOR_COOKIE] = visitor_make()[1]
    for number, client in enumerate(clients):
        client.get("/api/token?surface=course-home")
        decision = client.get("/api/layout?surface=course-home").json()["decision"]
        block, at = ("forum", "glossary", "links")[number], timezone.now().isoformat()
        event = {"id": str(uuid4()), "at": at, "type": "use", "block": block}
        body = {"decision": decision, "events": [event]}
        sent = client.post("/api/events", body, content_type="application/json")
        assert sent.status_code == 202, sent.content
    assert Profile.objects.count() == 3
    return clients


def is_public(answer: Any) -> bool:
    return "public" in answer.get("Cache-Control", "")


def seen(answer: Any) -> tuple[int, dict[str, str], bytes]:
    headers = {k: v for k, v in answer.headers.items() if k not in PASSING}
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return answer.status_code, headers, body


def test_no_public_answer_differs_between_people(page, worker, settings):
    settings.ROOT_URLCONF = __name__
    settings.UIENGINE_THROTTLES = {name: 10_000 for name in settings.UIENGINE_THROTTLES}
    book = book_of_today(page)
    clients = readers(page)
    found, public = 0, []
    for address in dict.fromkeys(addresses(get_resolver(__name__), book.hash)):
        if "logout" in address:
            continue
        answers = [client.get(f"{address}?surface=course-home") for client in clients]
        found += 1
        if any(is_public(answer) for answer in answers):
            public.append(address)
            assert len({repr(seen(answer)) for answer in answers}) == 1, address
            for answer in answers:
                assert "cookie" not in answer.get("Vary", "").lower(), address
                assert not answer.cookies, address

    assert found > 60
    assert set(public) == {
        "/by-book",
        "/on-device",
        "/api/book/course-home",
        f"/api/book/course-home/{book.hash}",
    }
