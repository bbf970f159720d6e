"""Middleware of the project's own site: content security policy, and probes for any Host."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import NoReverseMatch, get_script_prefix, resolve, reverse

from webapp.layouts.docs import pages

Handler = Callable[[HttpRequest], HttpResponseBase]
PROBES = ("live", "ready", "metrics")
BEAT_SCRIPT = "'sha256-QE3U2xYF7B4J2ro1/9oxiKhaWCGW39gB7ocQ/xlD0bE='"
"""Hash of the only inline script: django-celery-beat's, on its page of a periodic task."""
POLICY = (
    f"default-src 'self'; script-src 'self' {BEAT_SCRIPT}; img-src 'self' data:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
)
"""Content security policy of the admin: no other inline code, nothing from other origins."""
DJANGOS = (400, 404, 500)
"""Statuses of Django's DEBUG pages, which need their inline scripts and styles."""


def page_policy(get_response: Handler) -> Handler:
    """Adds a content security policy to every HTML page that has none, error pages included."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        is_page = response.headers.get("Content-Type", "").startswith("text/html")
        if is_page and not (settings.DEBUG and response.status_code in DJANGOS):
            is_admin = request.path.startswith(reverse("admin:index"))
            policy = POLICY if is_admin else pages.policy()
            response.headers.setdefault("Content-Security-Policy", policy)
        return response

    return answer


def probes_answered(get_response: Handler) -> Handler:
    """Answers probes before any check of the Host: load balancers and Prometheus use IP addresses.

    This is safe: their views read neither Host nor session, and their answers contain no URL.
    """

    def answer(request: HttpRequest) -> HttpResponseBase:
        if request.path not in _probes(get_script_prefix()):
            return get_response(request)
        match = resolve(request.path_info)
        request.resolver_match = match
        response: HttpResponseBase = match.func(request, *match.args, **match.kwargs)
        return response

    return answer


@lru_cache(maxsize=16)
def _probes(prefix: str) -> frozenset[str]:
    """Paths of the probes; none where they are not mounted. prefix: as the cache's key."""
    try:
        return frozenset(reverse(f"uiengine_observability:{name}") for name in PROBES)
    except NoReverseMatch:
        return frozenset()
