"""`{% adaptive_layout %}` bears the nonce of the page's content security policy, whoever makes
it."""

from __future__ import annotations

import re

import django
import pytest
from django.http import HttpRequest, HttpResponse
from django.template import Context, RequestContext, Template
from django.test import Client
from django.urls import path

from webapp import urls

csp = pytest.importorskip("csp.constants", reason="django-csp is not installed: make dev")
TAG = Template("{% load adaptive_layout %}{% adaptive_layout 'course-home' controls=True %}")
OWN = "webapp.middleware.page_policy"
THEIRS = {"DIRECTIVES": {"style-src": [csp.SELF, csp.NONCE]}}


def shown(request: HttpRequest) -> HttpResponse:
    return HttpResponse(TAG.render(RequestContext(request, {"request": request})))


def of_a_processor(request: HttpRequest) -> HttpResponse:
    response = HttpResponse(TAG.render(Context({"csp_nonce": "cHJvY2Vzc29y"})))
    response["Content-Security-Policy"] = "style-src 'nonce-cHJvY2Vzc29y'"
    return response


urlpatterns = [path("page", shown), path("processor", of_a_processor), *urls.urlpatterns]
MIDDLEWARES = ["csp.middleware.CSPMiddleware"]
if django.VERSION >= (6,):
    MIDDLEWARES.append("django.middleware.csp.ContentSecurityPolicyMiddleware")


@pytest.fixture
def host(page, settings):
    settings.ROOT_URLCONF = __name__
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if name != OWN]
    settings.CONTENT_SECURITY_POLICY = THEIRS
    settings.SECURE_CSP = {"style-src": ["'self'", "<CSP_NONCE_SENTINEL>"]}
    return settings


def nonces(response: HttpResponse) -> tuple[list[str], list[str]]:
    """Returns the nonces of the page's <style> elements, and those of its policy."""
    styles = re.findall(r'<style(?: nonce="([^"]*)")?>', response.content.decode())
    return styles, re.findall(r"'nonce-([^']+)'", response.headers["Content-Security-Policy"])


@pytest.mark.parametrize("middleware", MIDDLEWARES)
def test_the_style_bears_the_nonce_of_the_middleware(host, middleware):
    host.MIDDLEWARE = [middleware, *host.MIDDLEWARE]
    styles, allowed = nonces(Client().get("/page"))
    assert len(styles) == 1
    assert styles == allowed


def test_the_style_bears_the_nonce_of_a_context_processor(host):
    styles, allowed = nonces(Client().get("/processor"))
    assert styles == allowed == ["cHJvY2Vzc29y"]


def test_without_a_policy_there_is_no_nonce(host):
    assert "nonce" not in Client().get("/page").content.decode()
