"""Network inputs of many visits, in little memory: what visits share is kept once.

A page's blocks are described once, its popularity once a day. `at` puts together a batch.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from ml.learning.networks import Batch

PART = 1024
"""Visits that the networks see together outside of training steps: more need much memory."""


@dataclass(frozen=True)
class Inputs:
    """Inputs of V visits to P pages on D days of a page, with at most N blocks; see `Batch`.

    kind, text, shape, mask: (P, N, …), by page. popularity: (D, N, 16), by day of a page. user,
    context, recency: (V, …); recency is of 8 bits. page, day: (V,), which page and which day.
    """

    kind: Tensor
    text: Tensor
    shape: Tensor
    mask: Tensor
    popularity: Tensor
    user: Tensor
    context: Tensor
    recency: Tensor
    page: Tensor
    day: Tensor

    def __len__(self) -> int:
        return len(self.page)

    def at(self, rows: Tensor) -> Batch:
        """Returns the batch of these visits."""
        page = self.page[rows]
        return Batch(
            kind=self.kind[page],
            text=self.text[page],
            shape=self.shape[page],
            user=self.user[rows],
            popularity=self.popularity[self.day[rows]],
            mask=self.mask[page],
            context=self.context[rows],
            recency=self.recency[rows].long(),
        )
