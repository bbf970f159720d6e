"""Owner, colleague and stranger at every address; cookies of other origins; policies of pages."""

from __future__ import annotations

import json

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import Client
from django.urls import NoReverseMatch, reverse

from webapp.studio.urls import urlpatterns as studio
from webapp.subjects.models import Event, Subject

pytestmark = pytest.mark.django_db(transaction=True)
ELSEWHERE, SHOP = "https://evil.example", "https://shop.example"
ADMIN = sorted(f"{m._meta.app_label}_{m._meta.model_name}" for m in admin.site._registry)


def test_nobody_reads_changes_or_erases_what_is_someone_elses(owner, colleague, worker):
    layout = owner.layout()
    owner.send(layout, owner.event("use", "forum"))
    worker.work()
    stranger = Client()

    assert colleague.get("me").json()["profiles"] == []
    assert stranger.get("/api/me").status_code == 403
    wish = {"decision": layout["decision"], **owner.event("pin", "forum")}
    assert colleague.post("feedback", wish).status_code == 403
    assert stranger.post("/api/feedback", wish, "application/json").status_code in (401, 403)
    colleague.client.delete("/api/me", headers=colleague.headers)
    assert stranger.delete("/api/me").status_code == 403
    assert Subject.objects.filter(key=owner.key).exists() and Event.objects.count() == 1
    assert stranger.get("/api/layout?surface=course-home").json()["status"] == "default"


def test_whether_somebody_is_known_cannot_be_told(owner, colleague, worker):
    """A subject with a history and an unknown one get answers with equal fields."""
    owner.visit("forum")
    worker.work()
    known, unknown = owner.layout(), colleague.layout()
    assert known.keys() == unknown.keys()
    forged = [
        Client().get("/api/me", headers={"Authorization": f"Bearer ut_{name}:x"}).content
        for name in (owner.key, "host:never")
    ]
    assert forged[0] == forged[1]
    User.objects.create_user("anna", password="long enough words")
    pages = [
        Client().post("/admin/login/", {"username": name, "password": "wrong"}).content.decode()
        for name in ("anna", "never")
    ]
    said = [page.split('class="errornote"')[1].split("</p>")[0] for page in pages]
    assert said[0] == said[1]


@pytest.mark.parametrize("name", ADMIN)
def test_admin_objects_need_a_permission(name):
    colleague = Client()
    colleague.force_login(User.objects.create_user("colleague", is_staff=True))
    for page in ("changelist", "add"):
        try:
            address = reverse(f"admin:{name}_{page}")
        except NoReverseMatch:
            continue
        assert Client().get(address)["Location"].startswith("/admin/login/")
        assert colleague.get(address).status_code == 403, address


@pytest.mark.parametrize("name", [p.name for p in studio])
def test_pages_of_the_studio_need_a_permission(page, name):
    kinds = {"pk": 1, "slug": "course-home"}
    pattern = next(p for p in studio if p.name == name).pattern
    values = [kinds.get(key, 1) for key in pattern.converters]
    address = reverse(f"uiengine_studio:{name}", args=values)
    colleague = Client()
    colleague.force_login(User.objects.create_user("colleague", is_staff=True))

    assert Client().get(address).status_code in (302, 405)
    assert colleague.get(address).status_code in (403, 405), address


def test_a_session_of_another_origin_changes_nothing(page):
    user = User.objects.create_user("anna")
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(user)

    for path, method in (("me", "delete"), ("me", "post"), ("feedback", "post")):
        answer = getattr(browser, method)(
            f"/api/{path}", "{}", "application/json", headers={"Origin": ELSEWHERE}
        )
        assert answer.status_code == 403, path
        assert "Access-Control-Allow-Origin" not in answer.headers


def test_a_listed_origin_may_use_tokens_and_never_cookies(owner, settings):
    settings.CORS_ALLOWED_ORIGINS = [SHOP]
    wish = {"Origin": SHOP, "Access-Control-Request-Method": "POST"}
    asked = {**wish, "Access-Control-Request-Headers": "authorization,content-type"}

    preflight = Client().options("/api/events", headers=asked)
    assert preflight["Access-Control-Allow-Origin"] == SHOP
    assert "authorization" in preflight["Access-Control-Allow-Headers"]
    answer = owner.get("layout?surface=course-home", Origin=SHOP)
    assert (
        answer["Access-Control-Allow-Origin"] == SHOP
        and "ETag" in answer["Access-Control-Expose-Headers"]
    )
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert "Origin" in answer["Vary"] or "origin" in answer["Vary"]
    other = owner.get("layout?surface=course-home", Origin=ELSEWHERE)
    assert "Access-Control-Allow-Origin" not in other.headers
    outside = Client().get("/health/live", headers={"Origin": SHOP})
    assert "Access-Control-Allow-Origin" not in outside.headers


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("kurz7!", "too short"),
        ("sunshine", "too common"),
        ("4815162342", "entirely numeric"),
        ("annabelle7", "too similar"),
        ("a-horse-of-glass", ""),
    ],
)
def test_a_password_that_is_easily_guessed_is_refused(admin_client, password, why):
    wish = {"username": "annabelle", "password1": password, "password2": password}

    answer = admin_client.post("/admin/auth/user/add/", {**wish, "usable_password": "true"})

    assert (why in answer.content.decode()) and bool(why) == (answer.status_code == 200)
    assert User.objects.filter(username="annabelle").exists() == (not why)


@pytest.mark.parametrize(
    "address", ["/", "/api/docs", "/api/snippets", "/api/errors", "/admin/login/", "/admin/"]
)
def test_every_page_of_ours_has_a_policy_and_cannot_be_framed(page, admin_client, address):
    answer = admin_client.get(address)

    assert answer.status_code == 200 or address == "/admin/login/"
    policy = answer["Content-Security-Policy"]
    assert "default-src 'self'" in policy and "object-src 'none'" in policy
    assert "frame-ancestors" in policy and "unsafe-eval" not in policy
    assert answer["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "body",
    [
        b'{"decision": "x", "events": [' + b'{"id":"a"},' * 200 + b"{}]}",
        b"[" * 50_000,
        b'{"a":' * 20_000,
        json.dumps({"decision": "x" * 20_000, "events": [{}]}).encode(),
        b'{"decision": "x", "events": ' + b" " * 300_000 + b"[]}",
        b'{"decision": "\\ud800", "events": [{}]}',
        b'{"decision": 1e999, "events": [{"rank": NaN}]}',
        b"\x00\xff",
        b"",
    ],
)
def test_what_is_too_large_or_too_deep_is_refused_with_a_reason(owner, body):
    answer = owner.client.post("/api/events", body, "application/json", headers=owner.headers)

    assert answer.status_code in (400, 413), answer.content
    assert answer.json()["next_step"] and len(answer.content) < 2000


def test_every_model_that_names_people_is_behind_the_admin_or_not_shown():
    shown = {model._meta.label for model in admin.site._registry}
    hidden = {"PersonalAttributes", "Event", "Visit", "ServedDecision", "Erasure", "TrainingMark"}
    for model in apps.get_app_config("uiengine_subjects").get_models():
        assert model.__name__ not in hidden or model._meta.label not in shown
