"""Sets the content security policy of pages: nothing inline, nothing from other origins."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from webapp.layouts.docs import pages

BEAT_SCRIPT = "'sha256-QE3U2xYF7B4J2ro1/9oxiKhaWCGW39gB7ocQ/xlD0bE='"
"""Hash of the only inline script: django-celery-beat's, on its periodic task page."""
POLICY = (
    f"default-src 'self'; script-src 'self' {BEAT_SCRIPT}; img-src 'self' data:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
)
DJANGOS = (400, 404, 500)
"""Statuses of Django's DEBUG pages, which need their inline scripts and styles."""


def page_policy(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware that adds the policy to every page, error pages included.

    A page that sets its own policy keeps it.
    """

    def answer(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        is_page = response.headers.get("Content-Type", "").startswith("text/html")
        if is_page and not (settings.DEBUG and response.status_code in DJANGOS):
            is_admin = request.path.startswith(reverse("admin:index"))
            policy = POLICY if is_admin else pages.POLICY
            response.headers.setdefault("Content-Security-Policy", policy)
        return response

    return answer
