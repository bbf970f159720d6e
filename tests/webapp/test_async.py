"""Under an event loop our middleware for hosts holds no thread while a host's view waits."""

from __future__ import annotations

import asyncio
import logging
import threading

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient
from django.urls import path

from webapp import urls

OURS = [
    "webapp.telemetry.requests.observed",
    "webapp.layouts.errors.middleware.api_problems",
]


async def waits(request: HttpRequest) -> HttpResponse:
    assert threading.current_thread() is threading.main_thread()
    return HttpResponse("waited")


urlpatterns = [path("waits", waits), *urls.urlpatterns]


@pytest.fixture
def host(settings, caplog):
    settings.ROOT_URLCONF = __name__
    settings.MIDDLEWARE = OURS
    settings.DEBUG = True  # Django then logs which middleware it moves into a thread
    caplog.set_level(logging.DEBUG, "django.request")
    return settings


def asked(path: str) -> HttpResponse:
    return asyncio.run(AsyncClient().get(path, headers={"x-request-id": "of-the-proxy"}))


def test_an_async_view_of_a_host_needs_no_thread_for_our_middleware(host, caplog):
    response = asked("/waits")
    assert response.content == b"waited"
    assert response.headers["X-Request-ID"] == "of-the-proxy"
    assert [r.getMessage() for r in caplog.records if "adapted" in r.getMessage()] == []


def test_errors_of_the_api_are_problem_details(host):
    response = asked("/api/nothing")
    assert response.status_code == 404
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json()["field"] == "path"
