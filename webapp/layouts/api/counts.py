"""Counts without identity, of pages that choose on the device: which blocks a visit used."""

from __future__ import annotations

from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response

from uiengine.behaviour.days import day_of
from uiengine.behaviour.popularity import NEWCOMER_VISITS
from webapp.layouts import serializers
from webapp.layouts.answer import throttles
from webapp.layouts.api.books import UNKNOWN
from webapp.layouts.api.schema import described
from webapp.layouts.api.views import REFUSED, LayoutAPIView, page_named
from webapp.layouts.errors.problem import Problem
from webapp.lib import database
from webapp.lib.times import to_milliseconds, utc_now
from webapp.surfaces.services import CountedVisit, popularity_add


class CountsView(LayoutAPIView):
    authentication_classes = ()  # whoever asks is not looked at

    @described(
        operation_id="counts",
        auth=[],
        request=serializers.CountIn,
        responses={
            204: None,
            **{key: value for key, value in REFUSED.items() if key[0] != 401},
            **UNKNOWN,  # where counts are off
        },
    )
    def post(self, request: Request) -> Response:
        """Adds one visit to the page's popularity of today, and keeps nothing else of it.

        Off unless UIENGINE_DEVICE_COUNTS says so.
        """
        if not settings.UIENGINE_DEVICE_COUNTS:
            raise Problem(
                "counts-off",
                "This site takes no counts without identity.",
                field="path",
                value=request.path,
            )
        throttles.refuse_over(request, "write")
        given = serializers.CountIn(data=request.data)
        given.is_valid(raise_exception=True)
        page, blocks = page_named(given.validated_data["surface"]), given.validated_data["blocks"]
        if unknown := sorted(set(blocks) - set(page.surface.index)):
            raise Problem(
                "block-not-on-page",
                f"{unknown[0]!r} is not a block of the page.",
                field="blocks",
                value=unknown[0],
            )
        # Whose visit it was is unknown: no newcomer's, and nobody is counted twice.
        visit = CountedVisit(NEWCOMER_VISITS, blocks)
        day = day_of(to_milliseconds(utc_now()), page.surface.zone)
        with database.atomic():
            popularity_add(page.surface_id, day, [visit])
        return Response(status=204)
