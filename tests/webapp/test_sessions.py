"""Signed-in users stay signed in while the cache is unavailable."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from webapp import settings as own

pytestmark = pytest.mark.django_db
MIDDLEWARE = list(own.MIDDLEWARE)
AWAY = {
    "default": {
        "BACKEND": "webapp.lib.cache.RedisCache",
        "LOCATION": "redis://127.0.0.1:1/0",  # a closed port
        "OPTIONS": {"socket_timeout": 0.2, "socket_connect_timeout": 0.2},
    }
}


@pytest.fixture
def signed_in(page) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("ann", "ann@example.org", "secret"))
    return client


@pytest.mark.parametrize("address", ["/api/layout?surface=course-home", "/api/me", "/admin/"])
def test_a_signed_in_user_is_answered_while_the_cache_is_away(signed_in, settings, address):
    settings.CACHES = AWAY

    assert signed_in.get(address).status_code == 200


@pytest.mark.parametrize("engine", ["cached_db", "cache"])
def test_a_layout_comes_though_a_hosts_sessions_are_in_a_cache_that_is_away(page, settings, engine):
    """Also where its middleware asks the cache before the view and after it."""
    settings.CACHES = AWAY
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    settings.SESSION_SAVE_EVERY_REQUEST = True
    cookie = {settings.SESSION_COOKIE_NAME: "x" * 32}
    around = "django.middleware.cache"
    for more in ([], [f"{around}.UpdateCacheMiddleware", f"{around}.FetchFromCacheMiddleware"]):
        settings.MIDDLEWARE = [*MIDDLEWARE[:2], *more, *MIDDLEWARE[2:]]
        client = Client(raise_request_exception=False)
        client.cookies.load(cookie)

        answer = client.get("/api/layout?surface=course-home")

        assert answer.status_code == 200, answer.content
        assert len(answer.json()["order"]) == 10


def test_a_session_is_read_from_the_cache_while_it_is_there(signed_in):
    signed_in.get("/api/layout?surface=course-home")

    with CaptureQueriesContext(connection) as asked:
        assert signed_in.get("/api/layout?surface=course-home").status_code == 200

    assert not [q["sql"] for q in asked if "django_session" in q["sql"]]
