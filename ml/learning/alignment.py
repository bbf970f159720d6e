"""Keeps the numbers of a new codebook meaning what they mean in the champion's, and says which do.

Codes are compared by the visits that they code, not by their vectors: the latent spaces of two fits
need not agree. A fit that starts from the champion is aligned while it trains (`loop.fit`); one
from another start is renumbered here, by linear assignment, so that most visits keep their tokens.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from ml.learning.examples import Examples
from ml.learning.loop import Fitted, encode_all

Counts = npt.NDArray[np.int64]
LEAST_IN_COMMON = 0.5
"""Share of a code's visits that had its number before; with less, it has drifted."""
MOST_VISITS = 20_000
"""Visits that codes are compared on, evenly spread over time."""


class Alignment:
    """Both codebooks' codes of the same visits, (V, S).

    before: under the champion; after: under the new version. in_use: (champion's, new) per stage.
    """

    def __init__(self, champion: Fitted, fitted: Fitted, examples: Examples) -> None:
        """examples: their kinds are numbered as in `fitted`."""
        some = examples.only(torch.arange(0, len(examples), -(-len(examples) // MOST_VISITS)))
        self.before = tokens_of(champion, renumbered(some, fitted.kinds, champion.kinds))
        self.after = tokens_of(fitted, some)
        pairs = zip(champion.quantiser.codes_in_use, fitted.quantiser.codes_in_use, strict=False)
        self.in_use = list(pairs)

    def in_common(self, stage: int) -> Counts:
        """Counts visits by code now and code before, (new codes, champion's codes)."""
        olds, news = self.in_use[stage]
        found = np.zeros((news, olds), dtype=np.int64)
        np.add.at(found, (self.after[:, stage], self.before[:, stage]), 1)
        return found

    def facts(self) -> dict[str, Any]:
        """Returns what a card says: the share of visits whose first token keeps its number, and
        per stage how many codes mean the same, which drifted and which are new."""
        same = self.before[:, 0] == self.after[:, 0]
        return {
            "first_token_kept": float(same.mean()),
            "stages": [_stage_facts(self.in_common(s)) for s in range(len(self.in_use))],
        }


def _stage_facts(common: Counts) -> dict[str, Any]:
    """common: (new codes, champion's codes)."""
    news, olds = common.shape
    both = min(news, olds)
    used = common[:both].sum(axis=1)
    same = common[np.arange(both), np.arange(both)]
    drifted = np.flatnonzero(same < LEAST_IN_COMMON * used)
    return {
        "same": both - len(drifted),
        "drifted": drifted.tolist(),
        "new": list(range(olds, news)),
        "gone": list(range(news, olds)),
    }


def renumber(fitted: Fitted, champion: Fitted, examples: Examples) -> None:
    """Gives the codes of `fitted` the champion's numbers, in place; examples: as it learned from.

    Nothing but numbers changes: each stage is permuted alone, as a stage codes what is left by the
    codes before it, whatever their numbers.
    """
    found = Alignment(champion, fitted, examples)
    quantiser = fitted.quantiser
    for stage in range(len(found.in_use)):
        to = torch.from_numpy(numbers(found.in_common(stage)))
        for buffer in (quantiser.codes, quantiser.counts, quantiser.sums):
            moved = buffer[stage].clone()
            moved[to] = buffer[stage][: len(to)]
            buffer[stage] = moved


def numbers(common: Counts) -> Counts:
    """Returns the number that each new code gets, a permutation, (new codes,).

    The sum of visits that keep their number is largest. Codes without a visit in common, and those
    whose old number is beyond the new codes, take the numbers that are left.

    Args:
        common: visits by code now and code before, (new codes, champion's codes).
    """
    from scipy.optimize import linear_sum_assignment  # 40 MB, which a training seldom needs

    news, olds = common.shape
    square = np.zeros((news, news), dtype=np.int64)
    square[:, : min(olds, news)] = common[:, :news]
    found: Counts = linear_sum_assignment(square, maximize=True)[1]
    return found


def tokens_of(fitted: Fitted, examples: Examples) -> Counts:
    """Returns the code of each visit in every stage, (V, S)."""
    latents = encode_all(fitted.codec, examples, torch.Generator())
    found: Counts = fitted.quantiser.tokens(latents).numpy()
    return found


def renumbered(examples: Examples, before: Mapping[str, int], after: Mapping[str, int]) -> Examples:
    """Maps kinds numbered as `before` to the numbers of `after`; kinds unknown there become 0."""
    table = torch.zeros(len(before) + 1, dtype=torch.int64)
    for kind, old in before.items():
        table[old] = after.get(kind, 0)
    stored = replace(examples.stored, kind=table[examples.stored.kind])
    return replace(examples, stored=stored)
