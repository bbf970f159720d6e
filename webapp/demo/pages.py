"""The pages that the demo shows, and the one that this browser session looks at."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest
from django.utils.translation import gettext as _

from webapp.demo.words import PAGES
from webapp.serving.pages import serving


@dataclass(frozen=True)
class DemoPage:
    slug: str
    title: str
    move_budget: int = 0


def pages() -> list[DemoPage]:
    """Returns the demo's pages that are served, the first one to be seen first."""
    found = [(slug, title, serving.page(slug)) for slug, title in PAGES.items()]
    return [
        DemoPage(slug, _(title), page.surface.guardrails.move_budget)
        for slug, title, page in found
        if page is not None
    ]


def current_page(request: HttpRequest) -> DemoPage:
    """Returns the page that `?page=` asks for, and keeps it for the session."""
    known = {page.slug: page for page in pages()}
    if (asked := request.GET.get("page", "")) in known:
        request.session["demo_page"] = asked
    found = known.get(request.session.get("demo_page", ""))
    return found or next(iter(known.values()), DemoPage("course-home", ""))
