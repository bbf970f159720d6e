"""The service worker in a real Chromium, in front of an origin that counts what reaches it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Error, Page

from tests.patience import PATIENCE
from tests.webapp.edge.origin import BOOK, Origin, running

READY = """async () => { await navigator.serviceWorker.ready;
    while (!navigator.serviceWorker.controller)
        await new Promise(done => setTimeout(done, 20)); }"""
KEPT = "async () => (await (await caches.open('adaptive-book')).keys()).map(r => r.url)"


@pytest.fixture
def there() -> Iterator[tuple[Origin, Callable[[], None]]]:
    """The origin, and how to end it."""
    with running() as (origin, server):

        def end() -> None:
            server.shutdown()
            server.server_close()

        yield origin, end


@pytest.fixture
def page(browser: Browser, there: tuple[Origin, Callable[[], None]]) -> Iterator[Page]:
    """A page that the worker controls, viewed twice: once before it, once through it."""
    context = browser.new_context(base_url=there[0].address)
    context.set_default_timeout(PATIENCE * 1000)
    page = context.new_page()
    page.goto("/")
    page.evaluate(READY)
    view(page)
    wait_for(lambda: f"{there[0].address}/" in page.evaluate(KEPT))
    yield page
    context.close()


def view(page: Page, path: str = "/") -> None:
    """Opens a page that the browser's own cache has not."""
    page.context.new_cdp_session(page).send("Network.clearBrowserCache")
    page.goto(path)


def wait_for(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_fresh_page_is_viewed_without_the_origin(there, page) -> None:
    before = there[0].asked["/"]
    for _ in range(5):
        view(page)
        assert page.inner_text("p") == "News"
    assert there[0].asked["/"] == before


def test_a_page_that_is_no_longer_fresh_is_asked_for(there, page) -> None:
    there[0].fresh = 0
    page.evaluate("caches.delete('adaptive-book')")
    before = there[0].asked["/"]
    for _ in range(3):
        view(page)
    assert there[0].asked["/"] == before + 3


def test_page_parts_and_book_are_there_with_the_origin_away(there, page) -> None:
    origin, end = there
    origin.fresh = 0
    page.evaluate("caches.delete('adaptive-book')")
    view(page)
    page.evaluate(f"fetch('{BOOK}')")
    wait_for(lambda: len(page.evaluate(KEPT)) == 3)
    end()

    view(page)

    assert page.inner_text("p") == "News"
    assert page.evaluate("window.part") is True
    assert page.evaluate(f"fetch('{BOOK}').then(r => r.json())") == {"orders": []}


def test_a_book_is_asked_for_once(there, page) -> None:
    page.evaluate(f"fetch('{BOOK}')")
    wait_for(lambda: f"{there[0].address}{BOOK}" in page.evaluate(KEPT))  # kept after the answer
    for _ in range(2):
        page.evaluate(f"fetch('{BOOK}', {{cache: 'no-store'}})")
    assert there[0].asked[BOOK] == 1


def test_what_is_private_is_never_kept(there, page) -> None:
    origin, end = there
    for _ in range(2):
        view(page, "/mine")
    assert origin.asked["/mine"] >= 1
    assert f"{origin.address}/mine" not in page.evaluate(KEPT)
    end()
    with pytest.raises(Error):
        view(page, "/mine?again")


def test_a_page_that_became_private_is_forgotten(there, page) -> None:
    origin = there[0]
    origin.is_private = True
    # As if its time were over.
    page.evaluate(
        """async () => { const store = await caches.open('adaptive-book');
        const old = await store.match('/'); const headers = new Headers(old.headers);
        headers.set('Date', 'Thu, 01 Jan 2026 00:00:00 GMT');
        await store.put('/', new Response(await old.text(), { headers })); }"""
    )
    view(page)
    wait_for(lambda: f"{origin.address}/" not in page.evaluate(KEPT))


def test_the_token_is_renewed_after_the_visit_and_not_before(there, page) -> None:
    origin = there[0]
    page.evaluate("fetch('/api/token?surface=home')")
    wait_for(lambda: origin.asked["/api/token"] == 1)
    view(page)
    time.sleep(7)
    assert origin.asked["/api/token"] == 1

    origin.until = time.time() - 1
    page.evaluate("fetch('/api/token?surface=home')")
    wait_for(lambda: origin.asked["/api/token"] == 2)
    origin.until = time.time() + 1800
    view(page)
    wait_for(lambda: origin.asked["/api/token"] == 3)
