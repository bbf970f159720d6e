"""Pages for developers: Swagger UI, snippets to copy, the error catalogue, the surface format."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.apps import apps
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from webapp.layouts.addresses import api_prefix, as_mounted
from webapp.layouts.api.schema import document
from webapp.layouts.docs import surface_format as surface_fields
from webapp.layouts.errors.catalogue import KINDS

POLICY = (
    "default-src 'self'; style-src 'self'; img-src 'self' data:; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
)
CLIENT = "/static/uiengine/adaptive-layout.js"
"""Address of the browser client in snippets."""
SNIPPETS = Path(__file__).parent / "snippets"


@login_not_required
@require_GET
def api(request: HttpRequest) -> HttpResponse:
    has_assets = apps.is_installed("drf_spectacular_sidecar")
    return _page(request, "api", {"has_assets": has_assets})


@login_not_required
@require_GET
def schema(request: HttpRequest) -> HttpResponse:
    """The OpenAPI document, of the addresses as they are in this project."""
    body = document(api_prefix(), settings.SESSION_COOKIE_NAME)
    return HttpResponse(body, content_type="application/vnd.oai.openapi+json")


@login_not_required
@require_GET
def snippets(request: HttpRequest) -> HttpResponse:
    shown = [
        {"name": name, "title": title, "note": note, "text": as_served(SNIPPETS / name)}
        for name, title, note in _snippets()
    ]
    return _page(request, "snippets", {"snippets": shown})


@login_not_required
@require_GET
def errors(request: HttpRequest) -> HttpResponse:
    kinds = [
        (kind, _marked(as_mounted(kind.meaning)), _marked(as_mounted(kind.next_step)))
        for kind in KINDS.values()
    ]
    return _page(request, "errors", {"kinds": kinds})


@login_not_required
@require_GET
def surface_format(request: HttpRequest) -> HttpResponse:
    found = {"tables": surface_fields.tables(), "kinds": surface_fields.known_kinds()}
    return _page(request, "surface-format", found)


@login_not_required
@require_GET
def surface_schema(request: HttpRequest) -> HttpResponse:
    body = surface_fields.FILE.read_bytes()
    return HttpResponse(body, content_type="application/schema+json")


def as_served(file: Path) -> str:
    """The text of a snippet or of a script built from one, with the addresses of this project."""
    client = static("uiengine/adaptive-layout.js")
    return as_mounted(file.read_text("utf-8")).replace(CLIENT, client)


def _marked(text: str) -> SafeString:
    """Escapes text and renders parts in backticks as code."""
    return mark_safe(re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text)))


def policy() -> str:
    """The policy of our pages, which lets in the origin of STATIC_URL, such as a CDN's."""
    at = urlsplit(settings.STATIC_URL or "")
    if not at.netloc:
        return POLICY
    return POLICY.replace("-src 'self'", f"-src 'self' {at.scheme or 'https'}://{at.netloc}")


def _page(request: HttpRequest, name: str, context: dict[str, Any]) -> HttpResponse:
    response = render(request, f"uiengine/docs/{name}.html", {"page": name, **context})
    response["Content-Security-Policy"] = policy()
    return response


def _snippets() -> tuple[tuple[str, str, str], ...]:
    """(file, title, note), in the order shown."""
    return (
        ("curl.sh", "curl", _("With SITE and TOKEN set, in bash.")),
        ("fetch.js", "fetch", _("In a module script, beside an element with data-surface.")),
        ("react.jsx", "React, react-grid-layout", _("The arrays of all breakpoints go in as is.")),
        ("gridstack.js", "gridstack", _("The array of one breakpoint goes in as it is.")),
        ("template.html", _("Django template"), _("Rendered on the server, works without script.")),
    )
