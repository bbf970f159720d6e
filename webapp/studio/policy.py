"""The content security policy of the admin: nothing inline, nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

BEAT_SCRIPT = "'sha256-QE3U2xYF7B4J2ro1/9oxiKhaWCGW39gB7ocQ/xlD0bE='"
"""The one inline script: django-celery-beat's, on its page of a periodic task."""
POLICY = (
    f"default-src 'self'; script-src 'self' {BEAT_SCRIPT}; img-src 'self' data:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
)


def admin_policy(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: every admin page carries POLICY, unless it brings a policy of its own."""

    def answer(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        is_ours = response.status_code < 500  # Django's own page of an error needs its scripts
        if is_ours and request.path.startswith(reverse("admin:index")):
            response.headers.setdefault("Content-Security-Policy", POLICY)
        return response

    return answer
