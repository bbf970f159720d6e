"""The order rule that what a person uses stands before what they never used in the same group.

It gives way to pins, undone moves and the move budget: each visit repairs as much as these allow,
and then takes the cheapest order. As a group's ranks are known, the rule is a charge on a used
block at a rank behind its group's first ones, which no saving outweighs and no energy includes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from uiengine.request import Request
from uiengine.search.local_search import Bools, Sections

CHARGE = 1e3
"""Seconds charged in the search; above any saving, below `local_search.FORBIDDEN`."""


def behind(request: Request, last: Sequence[str], sections: Sections) -> Bools | None:
    """True where a used block would stand behind its group's first ranks, (N, N), as `forbidden`.

    The first ranks are as many as the group has used blocks; fixed ranks do not count. None
    where no group has both used and unused blocks.
    """
    known, ranks = request.profile.blocks, sections.ranks
    used: Bools = np.array([block_id in known for block_id in last])[ranks] & sections.is_real
    counts = used.sum(axis=1, keepdims=True)
    is_late: Bools = sections.is_real & (np.arange(ranks.shape[1]) >= counts)
    group, place, rank = (used[:, :, None] & is_late[:, None, :]).nonzero()
    if not group.size:
        return None
    table: Bools = np.zeros((len(last), len(last)), dtype=np.bool_)
    table[ranks[group, place], ranks[group, rank]] = True
    return table
