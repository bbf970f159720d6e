"""The base of all views of the API: how it reads, answers and refuses, whatever the host's
REST_FRAMEWORK setting says for the host's own views."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.db.transaction import non_atomic_requests
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import AllowAny
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from webapp.layouts.api.negotiation import AlwaysTheSame
from webapp.layouts.api.parsers import BoundedJSONParser
from webapp.layouts.errors.problem import problem_response
from webapp.subjects.authentication import SubjectAuthentication

_RENDERER = JSONRenderer()


class LayoutAPIView(APIView):
    authentication_classes: Sequence[type[BaseAuthentication]] = (SubjectAuthentication,)
    permission_classes = (AllowAny,)
    throttle_classes = ()
    renderer_classes = (JSONRenderer,)
    parser_classes = (BoundedJSONParser,)
    content_negotiation_class = AlwaysTheSame

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        """Outside the host's ATOMIC_REQUESTS: what was just written is to be read, by this request
        and by other processes, before it is answered. Writes are transactions of their own."""
        return non_atomic_requests(super().as_view(**initkwargs))

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """What is left of REST framework's preparations where there is one renderer, no versioning,
        and views throttle by themselves. A method that the address does not take is refused before
        anybody is asked who they are."""
        request.accepted_renderer = _RENDERER
        request.accepted_media_type = _RENDERER.media_type
        if not hasattr(self, (request.method or "").lower()):
            self.http_method_not_allowed(request)
        self.perform_authentication(request)

    def get_exception_handler(self) -> Callable[[Exception, dict[str, Any]], Response]:
        return problem_response
