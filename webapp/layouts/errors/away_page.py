"""The page for people who look after the site while its database is away."""

from __future__ import annotations

from django.http import HttpResponse
from django.template.loader import render_to_string

from webapp.layouts.errors.problem import AWAY


def away_page() -> HttpResponse:
    """Rendered without the request, as the session may be in the database."""
    page = render_to_string("uiengine/docs/database_away.html")
    return HttpResponse(page, status=503, headers={"Retry-After": str(AWAY)})
