"""`{% adaptive_layout %}` bears the nonce of the page's content security policy, whoever makes
it."""

from __future__ import annotations

import re

import django
import pytest
from django.http import HttpRequest, HttpResponse
from django.template import Context, RequestContext, Template
from django.test import Client
from django.urls import path, reverse

from webapp import urls
from webapp.codebooks.models import CodebookVersion, GateReport, Pipeline, Run
from webapp.layouts.docs import pages

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


@pytest.mark.parametrize("middleware", MIDDLEWARES)
@pytest.mark.parametrize("address", ["/page", "about/course-home", "about/course-home/you", "docs"])
def test_files_of_public_pages_bear_it_too(host, middleware, address):
    host.MIDDLEWARE = [middleware, *host.MIDDLEWARE]
    home = reverse("uiengine_layouts:health").removesuffix("health")
    answer = Client().get(address if address == "/page" else home + address)

    policy = answer.headers["Content-Security-Policy"]
    tags = re.findall(r"<(?:link|script)\b[^>]*(?:src|href)=[^>]*>", answer.content.decode())
    allowed = re.findall(r"'nonce-([^']+)'", policy)
    assert tags and (allowed or policy == pages.POLICY)  # django-csp leaves our own pages ours
    for tag in tags if allowed else ():
        assert f'nonce="{allowed[0]}"' in tag, tag


def test_our_own_policy_lets_in_the_origin_of_static_files(host):
    assert "https:" not in Client().get(reverse("uiengine_layouts:docs"))["Content-Security-Policy"]

    host.STATIC_URL = "https://cdn.example/s/"
    for name, slug in (("docs", []), ("about", ["course-home"]), ("you", ["course-home"])):
        policy = Client().get(reverse(f"uiengine_layouts:{name}", args=slug))
        found = policy["Content-Security-Policy"]
        assert "style-src 'self' https://cdn.example;" in found


@pytest.mark.parametrize("middleware", MIDDLEWARES)
def test_files_of_the_admins_pages_bear_it_so_that_a_policy_of_nonces_alone_lets_them_in(
    host, page, admin_client, middleware
):
    host.MIDDLEWARE = [middleware, *host.MIDDLEWARE]
    run = Run.objects.create(kind=Run.Kind.AUDIT, surface=page)
    pipeline = Pipeline.objects.create(kind=Pipeline.Kind.RETRAIN, surface=page)
    version = CodebookVersion.objects.get()
    report = GateReport.objects.create(
        surface=page, version=version, verdict=GateReport.Verdict.PASSED, revision=page.revision
    )
    of_version = "admin:uiengine_codebooks_codebookversion"
    for address in (
        reverse("admin:uiengine_surfaces_surface_import"),
        reverse("admin:uiengine_codebooks_run_changelist"),
        reverse("admin:uiengine_codebooks_run_change", args=[run.pk]),
        reverse("admin:uiengine_codebooks_pipeline_change", args=[pipeline.pk]),
        reverse("admin:uiengine_codebooks_gatereport_change", args=[report.pk]),
        reverse(f"{of_version}_change", args=[version.pk]),
        reverse(f"{of_version}_promote", args=[version.pk]),
        reverse("uiengine_studio:health"),
        reverse("uiengine_studio:preview", args=[page.pk]),
    ):
        answer = admin_client.get(address)
        allowed = re.findall(r"'nonce-([^']+)'", answer.headers["Content-Security-Policy"])
        tags = re.findall(r"<(?:link|script)\b[^>]*uiengine_[^>]*>", answer.content.decode())
        assert len(tags) >= 1 and len(allowed) == 1, address
        assert all(f'nonce="{allowed[0]}"' in tag for tag in tags), tags
