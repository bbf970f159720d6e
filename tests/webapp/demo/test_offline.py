"""Events survive being offline and are never counted twice."""

from __future__ import annotations

from playwright.sync_api import Page, Request, Route

from tests.webapp.demo.conftest import Demo
from tests.webapp.demo.steps import (
    become,
    events,
    flush,
    open_page,
    order,
    person_key,
    use,
    wait_for,
)

KEPT = "Object.keys(localStorage).filter(key => key.startsWith('adaptive-layout:')).length"


def test_what_was_clicked_offline_arrives_once(page: Page, demo: Demo) -> None:
    open_page(page)
    key, block = person_key(page), order(page)[2]
    page.context.set_offline(True)
    use(page, block)
    flush(page)
    assert page.evaluate(KEPT) >= 1
    assert events(demo, key, "use") == []

    page.context.set_offline(False)
    wait_for(lambda: page.evaluate(KEPT) == 0)
    assert [found for _, found in events(demo, key, "use")] == [block]


def test_a_lost_answer_makes_the_client_send_the_same_bytes_again(page: Page, demo: Demo) -> None:
    open_page(page)
    wait_for(lambda: page.evaluate(KEPT) == 0)
    sent: list[str] = []

    def lose_first_answer(route: Route, request: Request) -> None:
        body = request.post_data or ""
        if '"use"' not in body:  # the page's own impression
            return route.continue_()
        sent.append(body)
        if len(sent) == 1:
            route.fetch()  # the server gets it, but the client gets no answer
            route.abort()
        else:
            route.continue_()

    page.route("**/api/events", lose_first_answer)
    use(page, order(page)[1])
    flush(page)
    wait_for(lambda: page.evaluate(KEPT) == 0)

    assert len(sent) == 2
    assert sent[0] == sent[1]
    assert len(events(demo, person_key(page), "use")) == 1


def test_what_waited_is_sent_by_the_next_page(page: Page, demo: Demo) -> None:
    open_page(page)
    key, block = person_key(page), order(page)[0]
    page.route("**/api/events", lambda route: route.abort())
    use(page, block)
    flush(page)
    assert events(demo, key, "use") == []
    page.unroute("**/api/events")
    page.reload()
    wait_for(lambda: len(events(demo, key, "use")) == 1)


def test_an_impression_is_sent_at_once(page: Page, demo: Demo) -> None:
    open_page(page)
    key = person_key(page)
    wait_for(lambda: len(events(demo, key, "impression")) >= 1)


def test_a_switch_of_persons_sends_nobody_elses_events(page: Page, demo: Demo) -> None:
    statuses: list[int] = []
    page.on("response", lambda r: statuses.append(r.status) if "/api/events" in r.url else None)
    open_page(page)
    key, block = person_key(page), order(page)[0]
    use(page, block)
    become(page, 1)
    assert [found for _, found in events(demo, key, "use")] == [block], "sent before the switch"

    page.route("**/api/events", lambda route: route.abort())
    other = person_key(page)
    use(page, block)
    become(page, 0)
    page.unroute("**/api/events")
    with page.expect_response("**/api/events"):
        page.reload()  # sends only this person's impression
    assert page.evaluate(KEPT) >= 1
    assert set(statuses) == {202}

    become(page, 1)
    wait_for(lambda: page.evaluate(KEPT) == 0)
    assert len(events(demo, other, "use")) == 1
    assert set(statuses) == {202}
