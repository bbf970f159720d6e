"""Every error page uses the project's own words under a policy, never Django's page."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.core.signals import got_request_exception
from django.db import InterfaceError, OperationalError
from django.test import Client

from webapp.layouts.docs import pages
from webapp.layouts.errors.problem import problem_response
from webapp.surfaces.models import Surface

pytestmark = pytest.mark.django_db


def broken(*_args, **_kwargs):
    raise RuntimeError("on purpose")


@pytest.fixture
def browser():
    return Client(raise_request_exception=False)


@pytest.fixture(params=[False, True], ids=["production", "DEBUG"])
def debug(request, settings):
    settings.DEBUG = request.param


@pytest.mark.parametrize(
    ("method", "path", "status", "slug", "field", "value"),
    [
        ("get", "/api/nowhere", 404, "not-found", "path", "/api/nowhere"),
        ("get", "/api/layout/", 404, "not-found", "path", "/api/layout/"),
        ("post", "/api/<b>", 404, "not-found", "path", "/api/<b>"),
        ("post", "/api/docs", 405, "method-not-allowed", "method", "POST"),
        ("delete", "/api/schema", 405, "method-not-allowed", "method", "DELETE"),
    ],
)
def test_under_the_api_an_error_is_problem_details(
    debug, browser, method, path, status, slug, field, value
):
    answer = getattr(browser, method)(path, headers={"Accept": "text/html,*/*"})

    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    body = answer.json()
    assert body["type"] == f"/api/errors#{slug}" and body["status"] == status
    assert (body["field"], body["value"]) == (field, value)
    assert body["title"] and body["detail"] and body["next_step"]
    assert answer["X-Content-Type-Options"] == "nosniff" and "X-Request-ID" in answer.headers
    assert ("Allow" in answer.headers) == (status == 405)


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [("post", "layout", "GET"), ("delete", "events", "POST"), ("put", "me", "GET, POST, DELETE")],
)
def test_a_method_that_an_address_does_not_take_is_told_before_csrf_tokens(method, path, allow):
    answer = getattr(Client(enforce_csrf_checks=True), method)(f"/api/{path}")

    assert (answer.status_code, answer.json()["type"]) == (405, "/api/errors#method-not-allowed")
    assert set(allow.split(", ")) <= set(answer["Allow"].split(", "))


@pytest.mark.parametrize(
    ("method", "path"), [("post", "me"), ("delete", "me"), ("post", "feedback")]
)
def test_a_method_that_changes_something_still_needs_the_csrf_token(db, method, path):
    answer = getattr(Client(enforce_csrf_checks=True), method)(f"/api/{path}")

    assert (answer.status_code, answer.json()["type"]) == (403, "/api/errors#not-allowed")


def test_views_of_a_host_below_the_same_prefix_keep_their_words(debug, browser, settings):
    settings.ROOT_URLCONF = "tests.webapp.shared_prefix"
    settings.MIDDLEWARE = ["webapp.layouts.errors.middleware.api_problems"]

    assert browser.get("/api/own").content == b"our own words"
    assert browser.get("/api/nowhere")["Content-Type"] == "application/problem+json"
    assert browser.post("/api/docs")["Content-Type"] == "application/problem+json"


def test_a_host_name_that_is_not_ours_is_named(debug, browser, settings):
    settings.ALLOWED_HOSTS = ["layouts.example"]
    answer = browser.get("/api/docs", headers={"Host": "evil.example"})
    assert answer.status_code == 400 and answer["Content-Type"] == "application/problem+json"
    assert (answer.json()["field"], answer.json()["value"]) == ("Host", "evil.example")


def test_a_fault_under_the_api_says_nothing_of_the_code(debug, browser, monkeypatch):
    monkeypatch.setattr(pages, "_page", broken)
    seen: list[object] = []
    got_request_exception.connect(lambda **given: seen.append(given), weak=False, dispatch_uid="t")
    try:
        answer = browser.get("/api/errors")
    finally:
        got_request_exception.disconnect(dispatch_uid="t")
    assert (answer.status_code, answer["Content-Type"]) == (500, "application/problem+json")
    assert answer.json()["type"] == "/api/errors#failed" and answer.json()["next_step"]
    assert b"on purpose" not in answer.content and b"Traceback" not in answer.content
    assert seen  # the log has it too


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_a_database_that_is_away_asks_to_try_again_soon(error):
    answer = problem_response(error("connection to server at 10.0.0.7 failed"), {})
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert answer.data["next_step"] and "10.0.0.7" not in str(answer.data)


def test_a_form_that_another_site_sent_is_refused_in_words():
    answer = Client(enforce_csrf_checks=True).post("/admin/login/", {"username": "anna"})
    _is_a_page_of_ours(answer, 403, "The form was not taken")
    api = Client(enforce_csrf_checks=True).post("/api/docs")
    assert api["Content-Type"] == "application/problem+json"


def test_pages_of_errors_are_ours_and_under_a_policy(browser, monkeypatch, settings):
    _is_a_page_of_ours(browser.get("/no<b>where"), 404, "There is nothing at /no&lt;b&gt;where.")
    browser.force_login(User.objects.create_user("anna", is_staff=True))
    _is_a_page_of_ours(browser.get("/admin/nowhere/"), 404, "There is no such page")
    _is_a_page_of_ours(browser.get("/admin/studio/health/"), 403, "uiengine_codebooks.view_run")
    monkeypatch.setattr("webapp.studio.login.admin.site.login", broken)
    failed = browser.get("/admin/login/")
    _is_a_page_of_ours(failed, 500, "The server failed")
    assert b"on purpose" not in failed.content
    settings.ALLOWED_HOSTS = ["layouts.example"]
    answer = browser.get("/admin/", headers={"Host": "evil.example"})
    _is_a_page_of_ours(answer, 400, "This request cannot be answered")


def missing(*_args, **_kwargs):
    raise OperationalError("connection to server at 10.0.0.7 failed")


@pytest.fixture(params=[True, False], ids=["our site", "a host's site"])
def kill_switch(request, browser, page, monkeypatch) -> str:
    """The address of the page that switches a surface off, which misses the database."""
    if not request.param:
        monkeypatch.delattr("webapp.urls.handler500")
    browser.force_login(User.objects.create_superuser("anna"))
    monkeypatch.setattr("webapp.surfaces.admin.SurfaceAdmin.get_queryset", missing)
    return f"/admin/uiengine_surfaces/surface/{Surface.objects.get().pk}/change/"


def test_without_a_database_the_kill_switch_says_what_is_away_and_what_to_do(kill_switch, browser):
    answers = [browser.get(kill_switch), browser.post(kill_switch, {"mode": "off"})]
    german = browser.get(kill_switch, headers={"Accept-Language": "de"}).content.decode()

    for answer in answers:
        _is_a_page_of_ours(answer, 503, "The database is away")
        text = answer.content.decode()
        assert "no page switched off" in text and "Try again in a few seconds" in text
        assert "10.0.0.7" not in text and "Traceback" not in text
        assert answer["Retry-After"] == "5"
    assert 'lang="de"' in german and "Die Datenbank ist nicht da" in german
    assert "Try again" not in german


def test_a_page_of_an_error_speaks_the_reader_s_language(browser):
    answer = browser.get("/nowhere", headers={"Accept-Language": "de"})
    text = answer.content.decode()
    assert 'lang="de"' in text and "There is" not in text


def _is_a_page_of_ours(answer, status: int, said: str) -> None:
    assert answer.status_code == status
    assert said in answer.content.decode() and "<style" not in answer.content.decode()
    policy = answer["Content-Security-Policy"]
    assert "default-src 'self'" in policy and "frame-ancestors 'self'" in policy
    assert "unsafe" not in policy and "object-src 'none'" in policy
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"
