"""What a page knows of its caller, and how they correct it."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from webapp.layouts.answer import throttles
from webapp.layouts.answer.token import token_read
from webapp.layouts.api.byte_cookies import BYTE, NEXT, bytes_keep
from webapp.layouts.api.known_serializers import CorrectionIn, KnownOut
from webapp.layouts.api.openapi_examples import CORRECTION_EXAMPLE, KNOWN_EXAMPLE
from webapp.layouts.api.schema import described
from webapp.layouts.api.views import (
    PROBLEM,
    REFUSED,
    SUBJECT,
    VARY,
    LayoutAPIView,
    no_subject,
    page_named,
)
from webapp.layouts.errors.problem import CONTENT_TYPE, Problem
from webapp.lib.times import utc_now
from webapp.privacy.claims import page_knows
from webapp.privacy.corrections import About, Act, Correction, ErasedError, profile_correct
from webapp.serving.pages import Page
from webapp.subjects.authentication import Identity, identity_of
from webapp.subjects.models import Scope
from webapp.surfaces.models import Surface

NO_STORE = {"Cache-Control": "no-store", "Vary": VARY}
ANSWERS = {**REFUSED, (404, CONTENT_TYPE): PROBLEM}


class KnownView(LayoutAPIView):
    scope = Scope.SUBJECTS_ADMIN
    reads_stored_data = True

    @described(
        operation_id="known",
        parameters=[SUBJECT],
        examples=[KNOWN_EXAMPLE],
        responses={200: KnownOut, **ANSWERS},
    )
    def get(self, request: Request, surface: str) -> Response:
        """What the page holds true of the caller, in sentences, and what they struck out."""
        throttles.refuse_over(request, "write")
        identity, page = known_identity(request), page_named(surface)
        body = page_knows(key=identity.key, page=page, now=utc_now())
        return Response(body, headers=NO_STORE)

    @described(
        operation_id="known_correct",
        parameters=[SUBJECT],
        request=CorrectionIn,
        examples=[CORRECTION_EXAMPLE, KNOWN_EXAMPLE],
        responses={200: KnownOut, **ANSWERS},
    )
    def post(self, request: Request, surface: str) -> Response:
        """Strikes out or brings back, at once: the next layout is that of somebody who never did
        what was struck out. Answers with what is held true now."""
        throttles.refuse_over(request, "write")
        identity, page = known_identity(request), page_named(surface)
        response = Response(headers=NO_STORE)
        corrected(request, response, identity, page, request.data)
        response.data = page_knows(key=identity.key, page=page, now=utc_now())
        return response


def known_identity(request: Request) -> Identity:
    """The caller. Raises Problem for nobody."""
    identity = identity_of(request)
    if identity is None or not identity.key:
        raise no_subject()
    return identity


def corrected(
    request: Request, response: Any, identity: Identity, page: Page, data: Any
) -> Correction:
    """Corrects what the page knows, and renews the byte that a browser keeps. Raises Problem and
    ValidationError."""
    given = CorrectionIn(data=data)
    given.is_valid(raise_exception=True)
    asked = given.validated_data
    about, block = About(asked.get("about", About.USE)), asked.get("block", "")
    if block and block not in page.surface.index:
        raise Problem(
            "block-not-on-page",
            f"{block!r} is not a block of the page.",
            field="block",
            value=block,
        )
    correction = Correction(Act(asked["act"]), about, block)
    surface, now = Surface.objects.get(pk=page.surface_id), utc_now()
    key = identity.key
    try:
        profile_correct(
            key=key,
            user_id=identity.user_id,
            surface=surface,
            correction=correction,
            now=now,
            erasures=identity.erasures,
        )
    except ErasedError as error:
        raise no_subject() from error
    slug = page.surface.slug
    if identity.is_browser and not {BYTE + slug, NEXT + slug}.isdisjoint(request.COOKIES):
        limits = throttles.limits(request, "layout")
        token = token_read(key=key, page=page, now=now, limits=limits)
        bytes_keep(response, identity, token, slug, page.gap)
    return correction
