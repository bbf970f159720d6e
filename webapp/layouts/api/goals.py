"""Goals that somebody reached, sent without a decision: by a server, or from another page."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from webapp.layouts import serializers
from webapp.layouts.answer import throttles
from webapp.layouts.api.openapi_examples import COUNTED_EXAMPLE, GOALS_EXAMPLE
from webapp.layouts.api.schema import described
from webapp.layouts.api.views import (
    PROBLEM,
    REFUSED,
    SUBJECT,
    LayoutAPIView,
    no_subject,
    outcomes,
    page_named,
)
from webapp.layouts.errors.problem import CONTENT_TYPE
from webapp.layouts.events.goals import goals_of_person
from webapp.lib.times import utc_now
from webapp.subjects.authentication import identity_of
from webapp.subjects.models import Scope
from webapp.telemetry.metrics import EVENTS


class GoalsView(LayoutAPIView):
    scope = Scope.EVENTS_WRITE

    @described(
        operation_id="goals",
        parameters=[SUBJECT],
        request=serializers.GoalsIn,
        examples=[GOALS_EXAMPLE, COUNTED_EXAMPLE],
        responses={202: serializers.BatchOut, **REFUSED, (404, CONTENT_TYPE): PROBLEM},
    )
    def post(self, request: Request) -> Response:
        """Counts goals that the team declared for the surface, each id once. Kept as other events
        of the person; of somebody who never came to the surface nothing is kept.

        A page of the surface may send them to /api/events instead, with `type` `goal`.
        """
        throttles.refuse_over(request, "write")
        given = serializers.GoalsIn(data=request.data)
        given.is_valid(raise_exception=True)
        sent = given.validated_data
        arrivals = [serializers.goal_arrival(goal) for goal in sent["goals"]]
        throttles.refuse_over(request, "events", by=len(arrivals))
        page, identity = page_named(sent["surface"]), identity_of(request)
        if identity is None:
            raise no_subject()
        counted = goals_of_person(
            identity=identity, slug=page.surface.slug, arrivals=arrivals, now=utc_now()
        )
        body = outcomes(counted, len(arrivals))
        for outcome, number in body.items():
            EVENTS.labels(outcome).inc(number)
        return Response(body, status=202)
