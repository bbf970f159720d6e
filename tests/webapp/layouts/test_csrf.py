"""Wishes by a session pass Django's CSRF check, however the host sets it up."""

from __future__ import annotations

import json

import pytest
from django.http import HttpRequest, HttpResponse
from django.template import Context, Template
from django.test import Client
from django.urls import path
from django.utils import timezone

from webapp import urls

TAG = Template("{% load adaptive_layout %}{% adaptive_layout 'course-home' controls=True %}")


def shown(request: HttpRequest) -> HttpResponse:
    return HttpResponse(TAG.render(Context({"request": request})))


urlpatterns = [path("page", shown), *urls.urlpatterns]
SETTINGS = [
    {},
    {"CSRF_COOKIE_NAME": "XSRF-TOKEN"},
    {"CSRF_HEADER_NAME": "HTTP_X_XSRF_TOKEN"},
    {"CSRF_COOKIE_HTTPONLY": True},
    {"CSRF_USE_SESSIONS": True},
    {
        "CSRF_COOKIE_NAME": "XSRF-TOKEN",
        "CSRF_HEADER_NAME": "HTTP_X_XSRF_TOKEN",
        "CSRF_COOKIE_HTTPONLY": True,
    },
]


@pytest.fixture
def browser(page, settings, django_user_model):
    """A signed-in user's browser, which is asked for CSRF tokens as a real one is."""
    settings.ROOT_URLCONF = __name__
    client = Client(enforce_csrf_checks=True)
    client.force_login(django_user_model.objects.create_user("ada"))
    return client


@pytest.mark.parametrize("host", SETTINGS, ids=lambda host: "+".join(host) or "usual")
def test_a_wish_with_what_the_tag_hands_over_is_granted(browser, settings, host):
    for name, value in host.items():
        setattr(settings, name, value)
    html = browser.get("/page").content.decode()
    boot = json.loads(html.split('<script type="application/json">')[1].split("</script>")[0])
    csrf, decision = boot["csrf"], boot["payload"]["decision"]
    cookie = browser.cookies.get(csrf["cookie"]) if csrf["cookie"] else None
    if cookie:
        assert not cookie["httponly"], "a script can read it"

    def wish(headers):
        body = {
            "id": f"pin-{len(headers)}",
            "at": timezone.now().isoformat(),
            "type": "pin",
            "block": "forum",
            "decision": decision,
        }
        return browser.post("/api/feedback", body, "application/json", headers=headers)

    assert wish({}).status_code == 403
    granted = wish({csrf["header"]: cookie.value if cookie else csrf["token"]})
    assert granted.status_code == 200, granted.content


@pytest.mark.parametrize("host", SETTINGS, ids=lambda host: "+".join(host) or "usual")
def test_a_page_without_the_tag_asks_for_what_the_tag_hands_over(browser, settings, host):
    for name, value in host.items():
        setattr(settings, name, value)
    answer = browser.get("/api/csrf")
    assert answer.headers["Cache-Control"] == "private, no-cache"
    csrf = answer.json()
    assert csrf["cookie"] == (
        ""
        if "HTTPONLY" in str(host) or "SESSIONS" in str(host)
        else host.get("CSRF_COOKIE_NAME", "csrftoken")
    )
    if csrf["cookie"]:
        csrf["token"] = browser.cookies[csrf["cookie"]].value
    consent = {"data": {"consent": True}, "content_type": "application/json"}
    assert browser.post("/api/me", **consent).status_code == 403
    sent = {csrf["header"]: csrf["token"]}
    assert browser.post("/api/me", **consent, headers=sent).status_code == 204


def test_without_a_request_no_token_is_made(page):
    assert '"csrf"' not in TAG.render(Context())
