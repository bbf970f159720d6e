"""Public pages about a surface, for people: its main parameters (DSA, Article 27), and its
accessibility statement. They need no login and hold nothing personal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from webapp.codebooks.weights import weights_of
from webapp.layouts.addresses import api_prefix
from webapp.layouts.docs.pages import policy
from webapp.layouts.people.statement import statement
from webapp.serving.pages import Page, serving
from webapp.surfaces.models import Surface

NAMES = {
    "own_use": (
        _("What you use"),
        _("Which blocks you used on this page, how often and how recently."),
    ),
    "others": (
        _("What others use"),
        _("What all people together used on this page lately; nobody is named or compared."),
    ),
    "known_places": (
        _("Where you know things"),
        _("A block stays where you know it unless moving it saves more time than it costs."),
    ),
}
"""By name of `uiengine.book.weights`, what a parameter is called and what it is."""


@dataclass(frozen=True)
class Weight:
    """share: percent of all effects; effect: percent of blocks that would stand elsewhere."""

    name: Any
    meaning: Any
    share: int
    effect: int


@login_not_required
@require_GET
def about(request: HttpRequest, surface: str) -> HttpResponse:
    page, found = page_or_404(surface), weights_of(surface)
    context = {
        "weights": _weights(found.get("effects", {})),
        "found": found,
        "is_live": page.surface.mode == "live",
        "budget": page.surface.guardrails.move_budget,
        "is_grouped": page.surface.is_grouped,
    }
    return _render(request, "about", page, context)


@login_not_required
@require_GET
def accessibility(request: HttpRequest, surface: str) -> HttpResponse:
    """As a page, or with ?format=json as JSON."""
    page = page_or_404(surface)
    criteria = statement(page.surface)
    if request.GET.get("format") == "json":
        rows = [vars(criterion) for criterion in criteria]
        return JsonResponse({"surface": surface, "criteria": rows})
    return _render(request, "accessibility", page, {"criteria": criteria})


def page_or_404(slug: str) -> Page:
    page = serving.page(slug)
    if page is None:
        raise Http404(f"No surface is called {slug!r}.")
    return page


def page_title(slug: str) -> str:
    title = Surface.objects.filter(slug=slug).values_list("title", flat=True).first() or slug
    return gettext(title)


def _weights(effects: dict[str, float]) -> list[Weight]:
    total = sum(effects.values()) or 1.0
    found = [
        Weight(name, meaning, round(100 * effects[key] / total), round(100 * effects[key]))
        for key, (name, meaning) in NAMES.items()
        if key in effects
    ]
    return sorted(found, key=lambda weight: -weight.effect)


def _render(request: HttpRequest, name: str, page: Page, context: dict[str, Any]) -> HttpResponse:
    slug = page.surface.slug
    shown = {"page": name, "surface": slug, "surface_title": page_title(slug), "api": api_prefix()}
    shown |= context
    response = render(request, f"uiengine/people/{name}.html", shown)
    response["Content-Security-Policy"] = policy()
    return response
