"""The reward of a past visit, by which explored layouts are compared."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from uiengine.behaviour.profile import Profile, familiarity_kept
from uiengine.cost.coefficients import VALUES
from uiengine.cost.cost_matrix import geometry
from uiengine.cost.energy import expertise, selection_seconds
from uiengine.page.reading_order import complete, default_order
from uiengine.page.surface import Surface


def seconds_per_use(
    surface: Surface, profile: Profile, order: tuple[str, ...], used: Collection[str]
) -> float | None:
    """Modelled seconds per block used in a visit that was shown `order`; None without a use.

    profile: at the start of the visit. The choice probability comes from the user's own past, for
    any version: q = max(0.001, (uses + ½)/(all uses + ½N)). A block that moved since the last visit
    costs `surprise` once more. Blocks have their default sizes.
    """
    rows = [surface.index[block_id] for block_id in used if block_id in surface.index]
    if not rows:
        return None
    names = [block.id for block in surface.blocks]
    shown = complete(surface, order)
    last = complete(surface, profile.order or default_order(surface))
    ranks = np.array([shown.index(b) for b in names])
    shifts = [int(rank) - last.index(b) for b, rank in zip(names, ranks, strict=True)]
    known = np.array([profile.familiarity.get(b, 0.0) for b in names])
    expert = expertise(known * [familiarity_kept(shift) for shift in shifts])
    uses = np.array([profile.blocks[b].uses if b in profile.blocks else 0 for b in names])
    choice = np.maximum((uses + 0.5) / (uses.sum() + 0.5 * len(names)), VALUES["least_choice"])
    sizes = np.ones(len(names), dtype=np.int64)
    pointing = geometry(surface, sizes).pointing(np.argsort(ranks)[None])[0]
    seconds = selection_seconds(ranks, expert, choice, pointing)
    if profile.order:
        seconds = seconds + VALUES["surprise"] * (np.array(shifts) != 0)
    return float(seconds[rows].mean())
