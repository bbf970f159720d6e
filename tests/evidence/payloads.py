"""Builds the served payload of a decision, without a request or a database."""

from __future__ import annotations

import json
import os
from typing import Any

import django
from django.conf import settings

from uiengine.decision import Decision
from uiengine.request import Request


def payload_of(request: Request, decision: Decision) -> dict[str, Any]:
    """Returns the body of GET /api/layout, unsigned."""
    if not settings.configured:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
        django.setup()
    from webapp.layouts.answer.payload import payload

    pins = request.profile.feedback.pins
    body = payload(request.surface, decision, status=decision.status, signed="", pins=pins)
    return json.loads(body)
