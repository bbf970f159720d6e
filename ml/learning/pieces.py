"""Piecewise linear encoding of numbers (Gorishniy, Rubachev, Babenko 2022): a tree's splits, as
inputs.

A layer after plain numbers has to bend a line where behaviour changes; after their bins it only
weighs what happens there. Bins hold about as many training rows each and are constants of a
version, so that its graphs take the plain features.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

NARROWEST = 1e-3
"""Smallest width of a bin: closer values are the same behaviour."""


class Pieces(nn.Module):
    """Writes beside F numbers how far each has passed through each of its bins, 0..1.

    low, scale: (F, bins), the bins' lower edges and 1 / widths; a scale of 0 leaves a bin unused.
    Without bins the numbers stay as they are, as in versions of before.
    """

    low: Tensor
    scale: Tensor

    def __init__(self, numbers: int, bins: int) -> None:
        super().__init__()
        self.bins, self.width = bins, numbers * (1 + bins)
        if bins:
            self.register_buffer("low", torch.zeros(numbers, bins))
            self.register_buffer("scale", torch.zeros(numbers, bins))

    def forward(self, numbers: Tensor) -> Tensor:
        """Encodes (…, F) as (…, F · (1 + bins))."""
        if not self.bins:
            return numbers
        passed = ((numbers[..., None] - self.low) * self.scale).clamp(0, 1)
        return torch.cat([numbers, passed.flatten(-2)], -1)

    def learn(self, rows: Tensor) -> None:
        """Puts the bins' edges at quantiles of these rows, (R, F)."""
        if not self.bins:
            return
        for column, values in enumerate(rows.T):
            edges = edges_of(values, self.bins)
            widths = (edges[1:] - edges[:-1]).clamp(min=NARROWEST)
            self.low[column, : len(widths)] = edges[:-1]
            self.scale[column, : len(widths)] = 1 / widths


def edges_of(values: Tensor, bins: int) -> Tensor:
    """Returns at most bins + 1 rising edges at quantiles of the values, (R,).

    Where a value is so frequent that quantiles coincide, such as 0 for what is never used, it is an
    edge, and the others are quantiles of the other values.
    """
    levels = torch.linspace(0, 1, bins + 1)
    edges: Tensor = torch.quantile(values, levels).unique()
    if len(edges) > bins:
        return edges
    frequent = values.mode().values
    others = values[values != frequent]
    if not len(others):
        return edges
    levels = torch.linspace(0, 1, bins)
    edges = torch.cat([frequent[None], torch.quantile(others, levels)]).unique()
    return edges
