"""Says which rule kept a moved block from the rank that was asked for.

A wish is always taken; where a rule holds the block, it stands as near as the rule allows, and a
grid that was dragged snaps back. The answer then names the rule, so that the page can.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from django.utils.translation import gettext

from uiengine.page.surface import Surface

TEAM = "pinned_stay"
GROUPS = "group_order"


def with_held(body: bytes, surface: Surface, block: str, asked: int | None) -> bytes:
    """Adds `held` to an answer: null, or the rule that holds the block, and a sentence of it.

    asked: the rank that was asked for; None where the wish names none. The sentence is also the
    block's reason in `why`.
    """
    answer = orjson.loads(body)
    answer["held"] = held = _held(answer, surface, block, asked)
    if held:
        answer["why"][block] = held["says"]
    return orjson.dumps(answer)


def _held(
    answer: dict[str, Any], surface: Surface, block: str, asked: int | None
) -> dict[str, Any] | None:
    order, titles = answer["order"], answer["elements"]
    if asked is None or block not in order:
        return None
    wanted, rank = min(asked, len(order) - 1), order.index(block)
    if rank == wanted:
        return None
    title, other = titles[block]["title"], titles[order[wanted]]["title"]
    first, last = _group_span(surface, order, block)
    if order[wanted] in surface.pinned_ranks:
        rule, says = TEAM, gettext("{title} cannot take the place of {other}: the team keeps it.")
    elif not first <= wanted <= last:
        rule, says = GROUPS, _group_sentence(titles[block]["group"])
    else:
        rule, says = answer["status"], gettext("{title} is not moved: this page stays as it is.")
    values = {"title": title, "other": other, "first": first + 1, "last": last + 1}
    sentence = says.format(**values, group=titles[block]["group"])
    return {"block": block, "rank": rank, "asked": asked, "rule": rule, "says": sentence}


def _group_sentence(group: str) -> str:
    if group:
        return gettext("{title} stays in the group {group}, which has places {first} to {last}.")
    return gettext("{title} is in no group: it stays below them, at places {first} to {last}.")


def _group_span(surface: Surface, order: Sequence[str], block: str) -> tuple[int, int]:
    """The first and the last rank of the block's group, without what the team keeps in place."""
    group = surface.block(block).group
    ranks = [
        rank
        for rank, one in enumerate(order)
        if one not in surface.pinned_ranks and surface.block(one).group == group
    ]
    return (ranks[0], ranks[-1]) if ranks else (0, len(order) - 1)
