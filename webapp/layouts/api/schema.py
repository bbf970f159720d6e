"""The OpenAPI document of our addresses only, without the host's own REST framework views.

It is made when the API changes, by `manage.py spectacular`, and shipped as a file, so that no
setting of a host changes it and no web process spends time on it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import extend_schema

from webapp.layouts.addresses import WRITTEN
from webapp.subjects.keys import VISITOR_COOKIE

View = TypeVar("View", bound=Callable[..., Any])
Endpoint = tuple[str, str, str, Any]
"""Path, its pattern, method, view."""
DOCUMENT = Path(__file__).parent / "openapi.json"
SESSION = "sessionid"
SETTINGS = {
    "TITLE": "Adaptive layouts",
    "DESCRIPTION": "Arranges the blocks of a page for each user, within the rules the team sets. "
    "Seconds in answers are modelled, not measured.",
    "VERSION": "0.1.0",
    "OAS_VERSION": "3.1.0",
    "PREPROCESSING_HOOKS": ["webapp.layouts.api.schema.ours"],
}


@lru_cache(maxsize=16)
def document(prefix: str, session_cookie: str) -> bytes:
    """The document as JSON, with the API's prefix and the name of the host's session cookie."""
    text = DOCUMENT.read_text("utf-8").replace(WRITTEN, json.dumps(prefix)[1:-1])
    found = json.loads(text)
    found["components"]["securitySchemes"]["session"]["name"] = session_cookie
    return json.dumps(found, ensure_ascii=False).encode()


def ours(endpoints: list[Endpoint]) -> list[Endpoint]:
    return [found for found in endpoints if isinstance(found[3].cls.schema, OwnSchema)]


class OwnSchema(AutoSchema):
    """Describes our views in a host's document by drf-spectacular, whatever its settings are.

    REST framework's own generator asks with two arguments; its document has their addresses only.
    """

    def get_operation(self, path: str, *more: Any) -> Any:
        return super().get_operation(path, *more) if len(more) > 1 else {}

    def get_components(self, path: str, method: str) -> dict[str, Any]:
        return {}


def described(**how: Any) -> Callable[[View], View]:
    """`extend_schema` on top of OwnSchema, where it would take the host's DEFAULT_SCHEMA_CLASS."""

    def decorate(method: View) -> View:
        method.schema = OwnSchema()  # type: ignore[attr-defined]
        return extend_schema(**how)(method)

    return decorate


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
            {"type": "apiKey", "in": "cookie", "name": SESSION},
            {
                "type": "apiKey",
                "in": "cookie",
                "name": VISITOR_COOKIE,
                "description": "An anonymous visitor who consented.",
            },
        ]
