"""What the payload says of folded blocks, of the tray, and of a block that is not used any more."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext, gettext_noop

from uiengine.behaviour.profile import Feedback
from uiengine.decision import Decision
from uiengine.page.surface import Surface

NOT_ALLOWED: dict[str, Any] = {"put_away": False, "folded": [], "tray": [], "suggestion": None}
UNUSED = gettext_noop("You have not used {title} in your last {visits} visits. Put it away?")


def put_away(
    surface: Surface, mine: Surface, decision: Decision, feedback: Feedback
) -> dict[str, Any]:
    """mine: the surface without what the person put away, for which it was decided."""
    folded = [b for b in feedback.folded if b in mine.index]
    return {
        "put_away": True,
        "folded": [b for b in folded if mine.block(b) is not surface.block(b)],
        "tray": [b for b in feedback.tray if b in surface.index and b not in mine.index],
        "suggestion": _suggestion(surface, decision),
    }


def _suggestion(surface: Surface, decision: Decision) -> dict[str, Any] | None:
    if (found := decision.unused) is None:
        return None
    title = gettext(surface.block(found.block).title)
    return {
        "block": found.block,
        "visits": found.visits,
        "days": found.days,
        "says": gettext(UNUSED).format(title=title, visits=found.visits),
    }
