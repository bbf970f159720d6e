"""How the OpenAPI document names the ways to say who one is."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension

from webapp.subjects.keys import VISITOR_COOKIE


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
