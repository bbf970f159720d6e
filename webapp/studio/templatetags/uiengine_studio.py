"""Renders the studio's part of the admin's start page."""

from __future__ import annotations

from typing import Any

from django import template

from webapp.lib.times import utc_now
from webapp.studio import health, waiting

register = template.Library()


@register.inclusion_tag("uiengine_studio/overview.html", takes_context=True)
def studio_overview(context: dict[str, Any]) -> dict[str, Any]:
    """Links the pages that the reader may open; shows signs of health to those who may see runs."""
    user = context["request"].user
    items = waiting.waiting(user)
    may_see = user.has_perm("uiengine_codebooks.view_run")
    return {
        "waiting": items,
        "perms": context.get("perms"),
        "signs": [waiting.sign(items), *health.signs(utc_now())] if may_see else (),
        "surfaces": health.surfaces() if user.has_perm("uiengine_surfaces.view_surface") else (),
        "active": health.active_runs() if may_see else (),
    }
