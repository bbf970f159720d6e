"""A page with `{% adaptive_layout %}` is kept by no cache that others, or later visits, read."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.template import Context, Template
from django.test import Client
from django.urls import path
from django.utils import timezone
from django.views.decorators.cache import cache_control, cache_page

from webapp import urls
from webapp.layouts.answer import read

pytestmark = pytest.mark.django_db(transaction=True)
TAG = Template("{% load adaptive_layout %}{% adaptive_layout 'course-home' %}")
SITE_CACHE = [f"django.middleware.cache.{name}CacheMiddleware" for name in ("Update", "FetchFrom")]


def shown(request: HttpRequest) -> HttpResponse:
    return HttpResponse(TAG.render(Context({"request": request})))


def plain(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"plain {uuid4()}")


urlpatterns = [
    path("page", shown),
    path("cached", cache_page(600)(shown)),
    path("public", cache_control(public=True, max_age=600)(shown)),
    path("plain", plain),
    *urls.urlpatterns,
]


@pytest.fixture(params=[False, True], ids=["cookie", "CSRF_USE_SESSIONS"])
def browser(page, worker, settings, django_user_model, request):
    settings.ROOT_URLCONF = __name__
    settings.CSRF_USE_SESSIONS = request.param
    settings.MIDDLEWARE = [SITE_CACHE[0], *settings.MIDDLEWARE, SITE_CACHE[1]]
    client = Client()
    client.force_login(django_user_model.objects.create_user("ada"))
    return client


def boot(browser: Client, address: str) -> dict[str, object]:
    html = browser.get(address).content.decode()
    return json.loads(html.split('<script type="application/json">')[1].split("</script>")[0])


@pytest.mark.parametrize("address", ["/page", "/cached", "/public"])
def test_after_a_move_the_page_shows_it(browser, address):
    for _ in range(2):  # with the cookies of the first answer
        payload = boot(browser, address)["payload"]
    wish = {"id": str(uuid4()), "at": timezone.now().isoformat(), "type": "move"}
    wish |= {"block": payload["order"][-1], "rank": 1, "decision": payload["decision"]}
    moved = browser.post("/api/feedback", wish, "application/json").json()
    assert moved["order"] != payload["order"]
    assert boot(browser, address)["payload"]["order"] == moved["order"]


@pytest.mark.parametrize("address", ["/page", "/cached", "/public"])
def test_shared_caches_are_told_that_it_is_private(browser, address):
    told = browser.get(address).headers["Cache-Control"].split(", ")
    assert "private" in told
    assert "public" not in told


def test_other_pages_of_the_site_are_cached_as_before(browser):
    first = browser.get("/plain")
    assert browser.get("/plain").content == first.content
    assert "private" not in first.headers["Cache-Control"]


def test_what_a_page_asks_for_costs_it_no_place_in_the_back_forward_cache(owner, monkeypatch):
    """Chromium 156 drops a page that bears `no-store`, as Django's never_cache has it, once its
    scripts were answered with `no-store`; nothing else about caching drops it."""
    shown = owner.get("layout?surface=course-home")
    use = {"decision": shown.json()["decision"], "events": [owner.event("use", "forum")]}
    pin = {"decision": shown.json()["decision"], **owner.event("pin", "quiz", rank=1)}
    answers = [shown, owner.post("events", use), owner.post("feedback", pin)]
    monkeypatch.setattr(read, "decision_context", None)
    cache.clear()
    failed = owner.get("layout?surface=course-home")
    assert failed.json()["status"] == "fallback"

    assert [answer.status_code for answer in answers] == [200, 202, 200]
    assert not [a for a in [*answers, failed] if "no-store" in a.get("Cache-Control", "")]
