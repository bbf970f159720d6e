"""Builds the served payload of a decision, without a request or a database."""

from __future__ import annotations

import json
import os
from typing import Any

import django
from django.conf import settings

from uiengine.decision import Decision
from uiengine.page.surface import Surface
from uiengine.request import Request


def payload_of(
    request: Request, decision: Decision, whole: Surface | None = None
) -> dict[str, Any]:
    """Returns the body of GET /api/layout, unsigned.

    whole: the surface with what the person put away, if the request's is without it.
    """
    if not settings.configured:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
        django.setup()
    from webapp.layouts.answer.payload import payload

    body = payload(
        whole or request.surface,
        decision,
        mine=request.surface,
        status=decision.status,
        signed="",
        feedback=request.profile.feedback,
    )
    return json.loads(body)
