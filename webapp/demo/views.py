"""Views of the demo: pages that adapt to the chosen person, now or in the past."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.crypto import get_random_string
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from webapp.demo import replay
from webapp.demo.pages import current_page, pages
from webapp.demo.panel import CANDIDATES, facts, facts_now
from webapp.demo.people import Person, choose, current, people
from webapp.demo.services import visit_next
from webapp.layouts.answer import read
from webapp.layouts.docs.pages import SNIPPETS, as_served
from webapp.layouts.html import element as html
from webapp.lib.times import utc_now
from webapp.subjects import keys

EXAMPLES = {
    "template": "Django template",
    "fetch": "fetch",
    "gridstack": "gridstack",
    "react": "React, react-grid-layout",
}
BUILT = ("gridstack", "react")
"""Examples built by `make examples`, from the files that /api/snippets shows."""
POLICY = (
    "default-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
)


@never_cache
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    page = current_page(request)
    slug, choices = page.slug, people(request, page.slug)
    if "new" in request.GET:
        choose(request, choices[0].key, choices)
    if not request.GET.keys().isdisjoint(("new", "page")):
        return redirect("uiengine_demo:home")
    person = current(request, choices)
    if person.is_simulated:
        replay.history_write(key=person.key, slug=slug)
    past = _past(request, person, slug)
    context = {
        "surface_slug": slug,
        "page_now": page,
        "pages": pages(),
        "languages": settings.LANGUAGES,
        "people": choices,
        "current": person,
        "past": past and past["moment"],
        "visits": replay.visits(person.key, slug).count(),
        "panel": past["panel"] if past else facts_now(person.key, slug),
        "you": _you(person, slug),
    }
    request.csp_nonce = get_random_string(22)  # type: ignore[attr-defined]
    if past:
        seen = {**context, "request": request}
        token = keys.user_token_make(key=person.key, now=utc_now())
        context["page"] = html.render(past["payload"], seen, token=token, controls=False)
    return _with_policy(request, "uiengine_demo/home.html", context)


@never_cache
@require_GET
def moment(request: HttpRequest) -> JsonResponse:
    """Returns the page of one visit for the time slider; without `visit`, the current page."""
    slug = current_page(request).slug
    person = current(request, people(request, slug))
    past = _past(request, person, slug)
    context = {"current": person, "past": past and past["moment"], "you": _you(person, slug)}
    context["panel"] = past["panel"] if past else facts_now(person.key, slug)
    shown = {
        "panel": render_to_string("uiengine_demo/panel.html", context, request),
        "compare": render_to_string("uiengine_demo/compare.html", context, request),
        "label": render_to_string("uiengine_demo/when.html", context, request),
        "payload": past["payload"] if past else None,
    }
    return JsonResponse(shown)


@require_GET
def examples(request: HttpRequest) -> HttpResponse:
    return _with_policy(request, "uiengine_demo/examples.html", {"examples": EXAMPLES})


@never_cache
@require_GET
def example(request: HttpRequest, name: str) -> HttpResponse:
    """Shows the page built with another framework, for the chosen person."""
    if name not in EXAMPLES:
        raise Http404
    slug = current_page(request).slug
    key = current(request, people(request, slug)).key
    context = {
        "name": name,
        "title": EXAMPLES[name],
        "surface_slug": slug,
        "key": key,
        "token": keys.user_token_make(key=key, now=utc_now()),
        "style": f"examples/{name}.css" if name in BUILT else "",
        "is_built": name not in BUILT or bool(_script_file(name)),
    }
    return _with_policy(request, "uiengine_demo/example.html", context)


@require_GET
def script(request: HttpRequest, name: str) -> HttpResponse:
    """Serves an example's script: the fetch snippet as it is, the others as built."""
    if not (found := _script_file(name)):
        raise Http404
    return HttpResponse(as_served(Path(found)), content_type="text/javascript")


def _script_file(name: str) -> str | None:
    """Path of an example's script; None where it has none, or was not built."""
    if name == "fetch":
        return str(SNIPPETS / "fetch.js")
    return finders.find(f"examples/{name}.js") if name in BUILT else None


def _with_policy(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    nonce = getattr(request, "csp_nonce", "")
    if not nonce:
        nonce = request.csp_nonce = get_random_string(22)  # type: ignore[attr-defined]
    response = render(request, template, context)
    policy = POLICY.format(nonce=nonce)
    if context.get("name") == "react":  # react-draggable inserts a <style> during a drag
        policy = policy.replace(f"'nonce-{nonce}'", "'unsafe-inline'")
    response["Content-Security-Policy"] = policy
    return response


@require_POST
def person(request: HttpRequest) -> HttpResponseRedirect:
    choices = people(request, current_page(request).slug)
    choose(request, request.POST.get("key", ""), choices)
    return redirect("uiengine_demo:home")


@require_POST
def next_visit(request: HttpRequest) -> HttpResponseRedirect:
    slug = current_page(request).slug
    visit_next(key=current(request, people(request, slug)).key, slug=slug)
    return redirect("uiengine_demo:home")


def _you(person: Person, slug: str) -> dict[str, str]:
    """The way to the page about this person, for whom a token speaks."""
    return {"surface": slug, "token": keys.user_token_make(key=person.key, now=utc_now())}


def _past(request: HttpRequest, person: Person, slug: str) -> dict[str, Any] | None:
    """Returns the page before a visit; None without `visit`. Events of its decision are ignored."""
    asked = request.GET.get("visit", "")
    if not asked:
        return None
    if not asked.isdecimal():
        raise Http404
    found = replay.moment(key=person.key, slug=slug, number=int(asked))
    if found is None:
        return None
    decision, status = read.decide(found.context, CANDIDATES)
    return {
        "moment": found,
        "panel": facts(found.context, decision, status),
        "payload": json.loads(read.payload_for_nobody(found.context, decision, status)),
    }
