"""The OpenAPI document of our addresses only, without the host's own REST framework views."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension

from webapp.layouts.api.views import LayoutAPIView
from webapp.subjects.keys import VISITOR_COOKIE

Endpoint = tuple[str, str, str, Any]
"""Path, its pattern, method, view."""


def ours(endpoints: list[Endpoint]) -> list[Endpoint]:
    return [found for found in endpoints if issubclass(found[3].cls, LayoutAPIView)]


SETTINGS = {
    "TITLE": "Adaptive layouts",
    "DESCRIPTION": "Arranges the blocks of a page for each user, within the rules the team sets. "
    "Seconds in answers are modelled, not measured.",
    "VERSION": "0.1.0",
    "OAS_VERSION": "3.1.0",
    "PREPROCESSING_HOOKS": ["webapp.layouts.api.schema.ours"],
}


class SubjectScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "webapp.subjects.authentication.SubjectAuthentication"
    name = ("bearer", "session", "visitor")  # type: ignore[assignment]

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, Any]]:
        return [
            {
                "type": "http",
                "scheme": "bearer",
                "description": "A user token, or a server key with the header X-Subject.",
            },
            {"type": "apiKey", "in": "cookie", "name": "sessionid"},
            {
                "type": "apiKey",
                "in": "cookie",
                "name": VISITOR_COOKIE,
                "description": "An anonymous visitor who consented.",
            },
        ]
