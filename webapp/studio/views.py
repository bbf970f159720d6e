"""Pages of the studio: each checks who asks, calls one function, and renders."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from . import health
from .access import needs, page


@needs("codebooks.view_run")
@never_cache
@require_GET
def health_page(request: HttpRequest) -> HttpResponse:
    context = {
        "now": timezone.now(),
        "signs": health.signs(timezone.now()),
        "active": health.active_runs(),
        "ended": health.ended_runs(),
        "surfaces": health.surfaces(),
    }
    return page(request, "health.html", "Health", **context)
