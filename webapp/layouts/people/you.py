"""The page "What this page thinks of you": what is known of a person, and buttons to correct it.

It works without scripts. Whoever asks is known by session or visitor's cookie, or by a user token
in the form that a host's page sends (a link cannot carry one without leaking it).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse, QueryDict
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from webapp.layouts.answer import throttles
from webapp.layouts.api.known import corrected
from webapp.layouts.api.views import VARY, LayoutAPIView
from webapp.layouts.docs.pages import policy
from webapp.layouts.errors.problem import PAGE, problem_response
from webapp.layouts.people.pages import page_or_404, page_title
from webapp.lib.times import utc_now
from webapp.privacy.claims import page_knows
from webapp.privacy.corrections import About, Act, Correction
from webapp.serving.pages import Page
from webapp.subjects.authentication import Identity, identity_of
from webapp.subjects.models import Scope

TOKEN = "user_token"
"""Name of the form's field."""


class YouView(LayoutAPIView):
    scope = Scope.SUBJECTS_ADMIN
    reads_stored_data = True
    schema = None  # type: ignore[assignment]  # a page, no part of the API

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """A token in the form proves the person, so such a form needs no CSRF token."""
        if token := _form(request).get(TOKEN):
            request._request.META["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        super().initial(request, *args, **kwargs)

    def get(self, request: Request, surface: str) -> HttpResponse:
        return self._answer(request, surface)

    def post(self, request: Request, surface: str) -> HttpResponse:
        """Corrects, where the form asks for it, and shows what is known then."""
        return self._answer(request, surface, is_form="act" in _form(request))

    def _answer(self, request: Request, slug: str, *, is_form: bool = False) -> HttpResponse:
        page, identity, done = page_or_404(slug), identity_of(request), ""
        kept = HttpResponse()
        if identity is not None and identity.key:
            throttles.refuse_over(request, "write")
            if is_form:
                done = _done(corrected(request, kept, identity, page, _form(request).dict()), page)
        else:
            identity = None
        return _shown(request, page, identity, done, kept)

    def get_exception_handler(self) -> Callable[[Exception, dict[str, Any]], Response]:
        return _refused


def _form(request: Request) -> QueryDict:
    return request._request.POST


def _shown(
    request: Request, page: Page, identity: Identity | None, done: str, kept: HttpResponse
) -> HttpResponse:
    """kept: what the answer has to bear besides, such as cookies."""
    token = _form(request).get(TOKEN, "")
    known = page_knows(key=identity.key, page=page, now=utc_now()) if identity else None
    context = {
        "known": known,
        "used": [c for c in known["claims"] if c["about"] == About.USE] if known else [],
        "expected": [c for c in known["claims"] if c["about"] == About.EXPECTED] if known else [],
        "done": done,
        "token": token,
        "csrf": get_token(request._request) if identity and not token else "",
    }
    response = _page(request, page, context)
    response.cookies.update(kept.cookies)
    return response


def _done(correction: Correction, page: Page) -> str:
    """What a button did, for the page to say."""
    title = _(page.surface.block(correction.block).title) if correction.block else ""
    words = {
        (Act.STRIKE, About.USE): _("Struck out: what you used of {title} counts no longer."),
        (Act.RESTORE, About.USE): _("What you use of {title} is learned again from now on."),
        (Act.STRIKE, About.EXPECTED): _("Struck out: {title} is not expected of you."),
        (Act.RESTORE, About.EXPECTED): _("{title} may be expected of you again."),
        (Act.QUIET, About.USE): _("Nothing is learned from this visit."),
        (Act.LEARN, About.USE): _("From now on this visit is learned from again."),
        (Act.FORGET_WEEK, About.USE): _("The last seven days are forgotten."),
    }
    about = correction.about if correction.block else About.USE
    return words[correction.act, about].format(title=title)


def _page(request: Request, page: Page, context: dict[str, Any], status: int = 200) -> HttpResponse:
    slug = page.surface.slug
    request.META[PAGE] = True
    shown = {"page": "you", "surface": slug, "surface_title": page_title(slug), **context}
    response = render(request._request, "uiengine/people/you.html", shown, status=status)
    response["Content-Security-Policy"] = policy()
    response["Cache-Control"], response["Vary"] = "no-store", VARY
    return response


def _refused(error: Exception, context: dict[str, Any]) -> Any:
    """The page with what was refused; what is no page's fault stays problem details."""
    problem = problem_response(error, context)
    try:
        page = page_or_404(context["kwargs"]["surface"])
        said = {"refused": problem.data}
        response = _page(context["request"], page, said, problem.status_code)
    except Exception:  # no such page, or the database is away
        return problem
    for name in ("Retry-After", "WWW-Authenticate"):
        if name in problem.headers:
            response[name] = problem.headers[name]
    return response
