"""The demo page: a course home that adapts to whoever one chooses to be."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.crypto import get_random_string
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from .panel import facts
from .people import choose, current, people
from .services import visit_next

SLUG = "course-home"
POLICY = (
    "default-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
)


@never_cache
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    choices = people(request, SLUG)
    person = current(request, choices)
    request.csp_nonce = get_random_string(22)  # type: ignore[attr-defined]
    context = {
        "surface_slug": SLUG,
        "people": choices,
        "current": person,
        "panel": facts(person.key, SLUG),
    }
    response = render(request, "demo/home.html", context)
    response["Content-Security-Policy"] = POLICY.format(nonce=request.csp_nonce)  # type: ignore[attr-defined]
    return response


@never_cache
@require_GET
def panel(request: HttpRequest) -> HttpResponse:
    person = current(request, people(request, SLUG))
    context = {"current": person, "panel": facts(person.key, SLUG)}
    return render(request, "demo/panel.html", context)


@require_POST
def person(request: HttpRequest) -> HttpResponseRedirect:
    choose(request, request.POST.get("key", ""), people(request, SLUG))
    return redirect("demo:home")


@require_POST
def next_visit(request: HttpRequest) -> HttpResponseRedirect:
    visit_next(key=current(request, people(request, SLUG)).key, slug=SLUG)
    return redirect("demo:home")
