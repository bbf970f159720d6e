"""Piecewise linear encoding of numbers (Gorishniy, Rubachev, Babenko 2022): a tree's splits, as
inputs.

A layer after plain numbers has to bend a line where behaviour changes; after their bins it only
weighs what happens there. Bins hold about as many training rows each and are constants of a
version, so that its graphs take the plain features.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

NARROWEST = 1e-2
"""Smallest width of a bin: closer values are the same behaviour."""


class Pieces(nn.Module):
    """Says of each of F numbers how far it has passed through each of its bins, 0..1.

    weight: (F · bins, F), bias: (F · bins,): of a number, by its bin's place and width; all bins
    are one product. Zeros leave a bin unused. width: F · bins, the numbers told, 0 without bins.
    """

    weight: Tensor
    bias: Tensor

    def __init__(self, numbers: int, bins: int) -> None:
        super().__init__()
        self.bins, self.width = bins, numbers * bins
        if bins:
            self.register_buffer("weight", torch.zeros(self.width, numbers))
            self.register_buffer("bias", torch.zeros(self.width))

    def forward(self, numbers: Tensor) -> Tensor:
        """Encodes (…, F) as (…, F · bins)."""
        if not self.bins:
            return numbers[..., :0]
        return functional.linear(numbers, self.weight, self.bias).clamp(0, 1)

    def learn(self, rows: Tensor) -> None:
        """Puts the bins' edges at quantiles of these rows, (R, F)."""
        if not self.bins:
            return
        for column, values in enumerate(rows.T):
            edges = edges_of(values, self.bins)
            widths = (edges[1:] - edges[:-1]).clamp(min=NARROWEST)
            first = column * self.bins
            here = slice(first, first + len(widths))
            self.weight[here, column] = 1 / widths
            self.bias[here] = -edges[:-1] / widths


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
