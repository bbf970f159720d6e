"""Decisions for subjects of whom nothing is known: the same for all of them on a page and a day.

Crowds of them come at once, and each would wait for the same search.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from uiengine.behaviour.popularity import Popularity
from uiengine.behaviour.profile import Profile
from uiengine.decision import Decision
from uiengine.request import Request

MOST = 16
"""Decisions kept with a surface: versions, budgets, numbers of variants of one day."""
_NOTHING = Profile()
Known = dict[tuple[Any, ...], tuple[Popularity, Decision]]


def is_newcomer(request: Request) -> bool:
    """Whether the decision hangs on nothing of the subject's own; a draw hangs on its seed."""
    return request.profile == _NOTHING and not request.surface.guardrails.exploration


def known(request: Request, version_id: str) -> Decision | None:
    """The decision that was made for another newcomer."""
    found = _memory(request).get(_key(request, version_id))
    return replace(found[1], visit=request.visit) if found else None


def remember(request: Request, decision: Decision) -> None:
    memory = _memory(request)
    if len(memory) >= MOST:
        memory.clear()
    # The popularity is kept too, so that no other takes its place in memory, which names it.
    memory[_key(request, decision.version)] = (request.popularity, decision)


def _memory(request: Request) -> Known:
    found: Known = request.surface.memory.setdefault("newcomers", {})
    return found


def _key(request: Request, version_id: str) -> tuple[Any, ...]:
    return (version_id, id(request.popularity), request.day, request.budget, request.variants)
