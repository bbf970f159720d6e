"""nginx' cache before public pages, with the shipped set-up: no cookie reaches what is public."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.webapp.edge import node
from tests.webapp.edge.cached_site import Cached, cached_site
from webapp.layouts import urls

PASSING = ("Date", "X-Request-ID", "X-Cache", "Connection")


@pytest.fixture(scope="module")
def cached(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cached]:
    with cached_site(tmp_path_factory.mktemp("nginx")) as found:
        yield found


def cookies(cached: Cached, place: int) -> str:
    """A signed-in person's, with the byte that they were given and a language."""
    session = f"sessionid={cached.sessions[place]}"
    status, headers, _ = cached.ask("/api/token?surface=home", Cookie=session)
    assert status == 200
    given = [v.split(";")[0] for k, v in headers.items() if k == "Set-Cookie"]
    return "; ".join([session, f"django_language={('de', 'ar')[place]}", *given])


def addresses(book: str) -> list[str]:
    """Every address of the API that can be read, the page's, and one that is not there."""
    found = ["/", "/nowhere"]
    for pattern in urls.urlpatterns:
        route = str(pattern.pattern)
        named = route.replace("<slug:surface>", "home").replace("<str:name>", book)
        assert "<" not in named, route
        found.append(f"/api/{named}?surface=home")
    return found


def seen(answer: tuple[int, dict[str, str], bytes]) -> tuple[int, dict[str, str], bytes]:
    status, headers, body = answer
    return status, {k: v for k, v in headers.items() if k not in PASSING}, body


def is_public(answer: tuple[int, dict[str, str], bytes]) -> bool:
    return "X-Cache" in answer[1] or "public" in answer[1].get("Cache-Control", "")


def test_two_people_get_identical_bytes_from_every_public_address(cached: Cached) -> None:
    people = [{"Cookie": cookies(cached, i), "Accept_Language": "de"} for i in (0, 1)]
    public = []
    for address in addresses(cached.book):
        one, other = (cached.ask(address, **person) for person in people)
        if is_public(one) or is_public(other):
            public.append(address.partition("?")[0])
            assert seen(one) == seen(other), address
            assert "Set-Cookie" not in one[1]
            for person in people:
                for pair in person["Cookie"].split("; "):
                    assert pair.partition("=")[2].encode() not in one[2] or len(pair) < 20
    assert {"/", "/api/book/home", f"/api/book/home/{cached.book}"} <= set(public)
    assert not {"/api/token", "/api/layout", "/api/me", "/api/csrf"} & set(public)


def test_what_is_personal_passes_through_each_time(cached: Cached) -> None:
    before = cached.reached
    visits = [
        json.loads(cached.ask("/api/token?surface=home", Cookie=f"sessionid={session}")[2])["visit"]
        for session in cached.sessions * 2
    ]
    assert len(set(visits)) == 2
    assert cached.reached == before + 4


def test_a_page_and_its_book_reach_the_origin_once(cached: Cached) -> None:
    for address in (f"/api/book/home/{cached.book}", "/"):
        cached.ask(address)
        before = cached.reached
        found = {cached.ask(address, Cookie=f"a={i}")[1]["X-Cache"] for i in range(20)}
        assert found <= {"HIT", "STALE", "UPDATING"}
        assert cached.reached - before <= 1


def byte_cookie(byte: int, book: str) -> str:
    return f"{byte}.{book}.{'0' * 32}.{'a' * 16}-1-2-3:{'s' * 43}"


def shown(browser: Browser, cached: Cached, token: str) -> list[str]:
    """The blocks of the page from the cache, in the order of its document."""
    context = browser.new_context(base_url=f"http://127.0.0.1:{cached.port}")
    context.add_cookies(
        [{"name": "layout_byte_home", "value": token, "url": f"http://127.0.0.1:{cached.port}"}]
    )
    page = context.new_page()
    page.goto("/")
    found = page.evaluate(
        "[...document.querySelectorAll('[data-block]')].map(b => b.dataset.block)"
    )
    is_seen = page.locator("[data-block]").first.is_visible()
    context.close()
    assert is_seen
    return list(found)


def test_the_page_from_the_cache_places_each_byte(cached: Cached, browser: Browser) -> None:
    assert len(cached.orders) > 1
    for byte in (0, len(cached.orders) - 1):
        placed = shown(browser, cached, byte_cookie(byte, cached.book))
        assert placed == cached.orders[byte]


def test_a_cache_that_is_killed_fills_again(cached: Cached, browser: Browser) -> None:
    """nginx ends, its folder is lost, and it comes back: the same bytes, placed the same."""
    byte = len(cached.orders) - 1
    addresses = ("/", f"/api/book/home/{cached.book}")
    whole = {address: cached.ask(address)[2] for address in addresses}
    cached.cut()
    shutil.rmtree(cached.cache)
    with pytest.raises(OSError):
        cached.ask("/")
    cached.begin()
    before = cached.reached

    for address in addresses:
        again = [cached.ask(address) for _ in range(3)]
        assert [found[0] for found in again] == [200] * 3
        assert {found[2] for found in again} == {whole[address]}
        assert [found[1]["X-Cache"] for found in again] == ["MISS", "HIT", "HIT"]
    assert cached.reached == before + len(addresses)
    assert any(cached.cache.rglob("*"))
    assert shown(browser, cached, byte_cookie(byte, cached.book)) == cached.orders[byte]


READY = """async () => { await navigator.serviceWorker.register('/book-worker.js');
    await navigator.serviceWorker.ready;
    while (!navigator.serviceWorker.controller)
        await new Promise(done => setTimeout(done, 20)); }"""
KEPT = """async () => { const store = await caches.open('adaptive-book');
    while (!(await store.match('/'))) await new Promise(done => setTimeout(done, 20)); }"""


def test_without_a_network_the_page_is_placed_from_the_last_book(
    cached: Cached, browser: Browser
) -> None:
    """By the service worker, once the page is no longer fresh."""
    byte = len(cached.orders) - 1
    context = browser.new_context(base_url=f"http://127.0.0.1:{cached.port}")
    cookie = {"name": "layout_byte_home", "value": byte_cookie(byte, cached.book)}
    context.add_cookies([{**cookie, "url": f"http://127.0.0.1:{cached.port}"}])
    page = context.new_page()
    page.goto("/")
    page.evaluate(READY)
    page.goto("/")
    page.evaluate(KEPT)
    cached.cut()
    try:
        time.sleep(4)  # longer than the page is fresh
        page.goto("/")
        placed = page.evaluate(
            "[...document.querySelectorAll('[data-block]')].map(b => b.dataset.block)"
        )
        assert placed == cached.orders[byte]
        assert page.locator("[data-block]").first.is_visible()
    finally:
        cached.begin()
        context.close()


def test_a_byte_of_another_book_leaves_a_valid_page(cached: Cached, browser: Browser) -> None:
    """Yesterday's, or of a version that was rolled back."""
    placed = shown(browser, cached, byte_cookie(1, "f" * 16))
    assert sorted(placed) == sorted(cached.orders[0])


def test_the_edge_function_places_the_page_of_the_template_tag(cached: Cached, tmp_path) -> None:
    html = cached.ask("/")[2].decode()
    given = [{"cookie": f"layout_byte_home={byte_cookie(b, cached.book)}"} for b in range(256)]
    asked = {"html": [html], "requests": given[: len(cached.orders)]}
    for order, answer in zip(
        cached.orders, node.run("place.mjs", tmp_path / "in", asked), strict=True
    ):
        assert re.findall(r'<section data-block="(\w+)"', answer["body"]) == order
        assert answer["headers"]["cache-control"] == "private, no-store"


def test_a_page_is_there_with_the_origin_away(cached: Cached) -> None:
    """Last, as the origin does not come back."""
    page = cached.ask("/")[2]
    cached.server.terminate()
    cached.server.wait()
    time.sleep(4)  # longer than the page is fresh

    status, headers, body = cached.ask("/", Cookie="sessionid=x")

    assert (status, body) == (200, page)
    assert headers["X-Cache"] in ("STALE", "UPDATING")
    assert cached.ask(f"/api/book/home/{cached.book}")[1]["X-Cache"] == "HIT"
