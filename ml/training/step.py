"""How far a training goes from its champion: less far where a whole step moves too many blocks.

What moves for people who did nothing new (`ml.evaluation.churn`) is counted for each length of the
step before anything is registered, so that a candidate which the gate would refuse for it comes
nearer instead. What held-back people gain has no say in it, nor has anybody's attribute.
"""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from ml.learning.loop import Fitted
from ml.versions.draft import Draft

STEPS = (1.0, 0.5, 0.25)
"""Lengths that are tried in turn, as shares of what was learned. The last is kept in any case."""
KINDS = "blocks.kind.weight"
"""The weights that grow by new kinds."""
MOST_MOVED = 0.05
"""Blocks a person that a new version may move, by default."""


@dataclass(frozen=True)
class Limit:
    """What a training may move for people who did nothing new.

    moved: counts it for a version folder beside the champion (`ml.evaluation.churn.moved_by`).
    most: blocks a person.
    """

    moved: Callable[[Path], float]
    most: float = MOST_MOVED

    def of(self, draft: Draft) -> float:
        """Counts the blocks a person that a draft moves."""
        with tempfile.TemporaryDirectory() as work:
            draft.export(Path(work))
            return self.moved(Path(work))


def nearest_allowed(
    fitted: Fitted,
    start: Fitted,
    draft_of: Callable[[Fitted], Draft],
    limit: Limit | None,
) -> Draft:
    """Returns the draft of the longest step that keeps the limit, else of the shortest.

    Args:
        fitted: what was learned. start: what it went on from.
        limit: None takes the whole step.
    """
    if limit is None:
        return draft_of(fitted)
    for share in STEPS:
        draft = draft_of(between(start, fitted, share))
        moved = limit.of(draft)
        if moved <= limit.most:
            break
    draft.card["training"]["step"] = {"share": share, "moved": moved, "most": limit.most}
    return draft


def between(start: Fitted, fitted: Fitted, share: float) -> Fitted:
    """Returns start + share · (fitted − start) of the weights; the codes are those of `fitted`.

    Weights on the line between a start and what was fine-tuned from it are good ones (Wortsman et
    al., CVPR 2022). Kinds that the start does not know have embedding 0 in it.
    """
    if share == 1.0:
        return fitted
    codec = copy.deepcopy(fitted.codec)
    with torch.no_grad():
        old = start.codec.state_dict()
        for name, value in codec.state_dict().items():
            if value.is_floating_point():
                known = value[: len(old[name])] if name == KINDS else value
                value.mul_(share)
                known.add_(old[name], alpha=1.0 - share)
    return replace(fitted, codec=codec)
