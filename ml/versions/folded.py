"""Encoder and decoder as their graphs compute them: the functions of `ml.learning.networks`, in
fewer operations.

A request has a few blocks, so a graph's time is the number of its operations and not their size.
Linear layers of one input, or that follow each other, are one product here. A bias is the row of an
input that is 1 for a block and 0 for padding. Each export is checked against the networks
themselves. Weights are written as rows, inputs × outputs. Shapes: B requests, N blocks.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from ml.learning.calibration import AS_TRAINED, Calibration, Line
from ml.learning.networks import FAR_BELOW, BlockEmbedding, Codec, Decoder
from ml.learning.pieces import Pieces
from uiengine.features import CONTEXT, EVIDENCE, POPULARITY, USER

SMALLEST = 1e-12
"""Least length that a key is divided by, as in `torch.nn.functional.normalize`."""


class Folded(nn.Module):
    """Descriptors and numbers of blocks, read by all layers that read them in one product.

    first: (F, O), rows of text, shape and numbers; O is the layers' outputs, memory keys last.
    table: (K, O), what a kind adds. bins: (numbers, bins), see `ml.learning.pieces`, if any.
    """

    first: Tensor
    table: Tensor
    bins: Tensor | None

    def __init__(
        self,
        blocks: BlockEmbedding,
        layers: list[tuple[Tensor, Tensor]],
        bins: Tensor | None = None,
    ) -> None:
        """layers: of each, the rows of the embedded descriptors and of the numbers."""
        super().__init__()
        keys = blocks.key.weight.T
        self.widths = [*(seen.shape[1] for seen, _ in layers), keys.shape[1]]
        seen = torch.cat([*(seen for seen, _ in layers), keys], 1)
        shape = torch.cat([*(seen for seen, _ in layers), torch.zeros_like(keys)], 1)
        numbers = torch.cat([numbers for _, numbers in layers], 1)
        numbers = functional.pad(numbers, (0, keys.shape[1]))
        rows = [blocks.text.weight.T @ seen, blocks.shape.weight.T @ shape, numbers]
        self.keep("first", torch.cat(rows))
        self.keep("table", blocks.kind.weight @ seen)
        self.keep("bins", bins)

    def keep(self, name: str, weights: Tensor | None) -> None:
        """Keeps weights as a constant of the graph."""
        self.register_buffer(name, None if weights is None else weights.detach().clone())

    def read(self, kind: Tensor, text: Tensor, shape: Tensor, numbers: Tensor) -> list[Tensor]:
        """Returns the outputs of each layer, (B, N, …), and the blocks' unit keys last."""
        parts = [text, shape, numbers]
        if self.bins is not None:
            parts.append((numbers @ self.bins).clamp(0, 1))
        told = torch.cat(parts, -1) @ self.first + functional.embedding(kind, self.table)
        *layers, keys = told.split(self.widths, -1)
        length = torch.linalg.vector_norm(keys, dim=-1, keepdim=True)
        return [*layers, keys / length.clamp(min=SMALLEST)]


class FoldedEncoder(Folded):
    """`Codec.encode`, where numbers of padding are 0, as `uiengine.features` writes them.

    Numbers stand as user, context, popularity, 1, bins.
    """

    second: Tensor
    second_bias: Tensor
    value: Tensor
    innate: Tensor

    def __init__(self, codec: Codec) -> None:
        e, plain = codec.encoder, USER + POPULARITY + CONTEXT
        first, after = cast(nn.Linear, e.block[0]), cast(nn.Linear, e.block[2])
        bins = e.pieces.width
        seen, user, popularity, context, passed = first.weight.T.split(
            [first.in_features - plain - bins, USER, POPULARITY, CONTEXT, bins]
        )
        bent = seen, torch.cat([user, context, popularity, first.bias[None], passed])
        own, passed = e.direct.weight.T.split([USER, bins])
        own = functional.pad(own, (0, 0, 0, POPULARITY + CONTEXT))
        own = torch.cat([own, (e.value.bias + e.direct.bias)[None], passed])
        direct = torch.zeros(len(seen), own.shape[1]), own
        super().__init__(codec.blocks, [bent, direct], bins_of(e.pieces, plain))
        self.keep("second", after.weight.T)
        self.keep("second_bias", after.bias)
        self.keep("value", e.value.weight.T)
        self.keep("innate", e.innate)
        self.pooled = e.pooled

    def forward(
        self,
        kind: Tensor,
        text: Tensor,
        shape: Tensor,
        user: Tensor,
        popularity: Tensor,
        mask: Tensor,
        context: Tensor,
    ) -> Tensor:
        """Returns latents, (B, Z); arguments as in `ml.learning.networks.Batch`."""
        real = mask[..., None]
        numbers = torch.cat([user, context[:, None] * real, popularity, real], -1)
        bent, own, keys = self.read(kind, text, shape, numbers)
        hidden = functional.silu(bent) @ self.second + self.second_bias
        hidden = functional.silu(hidden) * real
        values = hidden @ self.value + own
        memory = (keys.transpose(1, 2) @ values).flatten(1)
        mean = hidden.sum(1) / mask.sum(1, keepdim=True)
        most = torch.where(real > 0, hidden, FAR_BELOW).amax(1)
        seen_before = memory + self.pooled(torch.cat([mean, most, context], -1))
        return torch.where(context[:, 1:2] > 0, self.innate, seen_before)


class FoldedDecoder(Folded):
    """`Codec.decode` with calibrated demand; of padding it says nothing.

    Numbers stand as popularity, evidence, 1.
    """

    after_others: Tensor
    after_others_bias: Tensor
    trunk_others: Tensor
    trunk_read: Tensor
    second: Tensor
    second_bias: Tensor
    side: Tensor
    recency: Tensor
    heads: Tensor

    def __init__(self, codec: Codec, calibration: Calibration = AS_TRAINED) -> None:
        d = codec.decoder
        trunk = cast(nn.Sequential, d.trunk[0])
        others, after = cast(nn.Linear, d.others[0]), cast(nn.Linear, d.others[2])
        first, second = cast(nn.Linear, trunk[0]), cast(nn.Linear, trunk[2])
        known = others.in_features
        rows, from_others, from_read = first.weight.T.split([known, after.out_features, d.channels])
        layers = [
            _reading(others.weight.T, others.bias),
            _reading(rows, first.bias),
            direct_of(d, codec.blocks.kind.embedding_dim),
        ]
        super().__init__(codec.blocks, layers)
        self.memory = (-1, d.memory_keys, d.channels)
        self.keep("after_others", after.weight.T)
        self.keep("after_others_bias", after.bias)
        self.keep("trunk_others", from_others)
        self.keep("trunk_read", from_read)
        self.keep("second", second.weight.T)
        self.keep("second_bias", second.bias)
        side = cast(nn.Linear, d.side[0])
        hidden, levels, read = side.weight.T.split(
            [second.out_features, d.recency.embedding_dim, d.channels]
        )
        self.keep("side", torch.cat([hidden, read]))
        self.keep("recency", d.recency.weight @ levels + side.bias)
        self.keep("heads", heads_of(d, calibration))

    def forward(
        self,
        kind: Tensor,
        text: Tensor,
        shape: Tensor,
        latent: Tensor,
        popularity: Tensor,
        mask: Tensor,
        context: Tensor,
        recency: Tensor,
    ) -> tuple[Tensor, ...]:
        """Returns the fields of `ml.learning.networks.Prediction`; its arguments are `Batch`'s."""
        real = mask[..., None]
        evidence = context[:, None, EVIDENCE : EVIDENCE + 1] * real
        numbers = torch.cat([popularity, evidence, real], -1)
        others, bent, own, keys = self.read(kind, text, shape, numbers)
        read = keys @ latent.reshape(self.memory)
        others = functional.silu(others) @ self.after_others + self.after_others_bias
        each = (mask / mask.sum(1, keepdim=True))[:, None]
        others = each @ functional.silu(others)
        bent = bent + others @ self.trunk_others + read @ self.trunk_read
        hidden = functional.silu(functional.silu(bent) @ self.second + self.second_bias)
        joined = torch.cat([hidden, read], -1)
        side = joined @ self.side + functional.embedding(recency, self.recency)
        told = torch.cat([joined, own, functional.silu(side)], -1) @ self.heads
        size, *shares = told.split([3, 1, 1, 1, 1, 1], -1)
        return *(share.squeeze(-1) for share in shares), size


def bins_of(pieces: Pieces, numbers: int) -> Tensor | None:
    """Returns bins as rows of their numbers, of others up to so many, and of a 1."""
    if not pieces.bins:
        return None
    rows = functional.pad(pieces.weight.T, (0, 0, 0, numbers - pieces.weight.shape[1]))
    return torch.cat([rows, pieces.bias[None]])


def _reading(rows: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
    """Parts a layer's rows, of descriptors, popularity and evidence, as `Folded` takes it."""
    seen, numbers = rows.split([len(rows) - POPULARITY - 1, POPULARITY + 1])
    return seen, torch.cat([numbers, bias[None]])


def direct_of(d: Decoder, seen: int) -> tuple[Tensor, Tensor]:
    """Returns as a layer what popularity adds to shares, and a 1 for the biases of the heads."""
    rows = torch.zeros(POPULARITY + 2, 2)
    rows[:POPULARITY, :1] = d.direct.weight.T[d.channels :]
    rows[-1, 1] = 1
    return torch.zeros(seen, 2), rows


def heads_of(d: Decoder, calibration: Calibration) -> Tensor:
    """Returns all heads as one, of size, then of shares and demands as in `Prediction`.

    Rows: the trunk's outputs, what was read, what `direct_of` gives, the side layer's outputs.
    """
    last, hidden = cast(nn.Linear, d.side[2]), d.share.in_features
    read, one = d.direct.weight.T[: d.channels], torch.ones(1, 1)
    none = torch.zeros(last.in_features, 1)
    size = torch.cat([d.size.weight.T, torch.zeros(d.channels + 1, 3), d.size.bias[None]])
    size = functional.pad(size, (0, 0, 0, len(none)))
    share = torch.cat([d.share.weight.T, read, one, (d.share.bias + d.direct.bias)[None], none])
    own, through = d.demand.weight.T.split([hidden, 1])
    own = torch.cat([own, torch.zeros_like(read), 0 * one, d.demand.bias[None], none])
    demand = own + share * through
    empty = torch.zeros(hidden + d.channels + 1, 3)
    beside = torch.cat([empty, last.bias[None], last.weight.T])
    side_share, side_demand, outlook = (torch.cat([share, demand, share], 1) + beside).split(1, 1)
    demand = _straightened(demand, calibration.tokens, hidden + d.channels + 1)
    side_demand = _straightened(side_demand, calibration.side, hidden + d.channels + 1)
    return torch.cat([size, share, demand, side_share, side_demand, outlook], 1)


def _straightened(head: Tensor, line: Line, one: int) -> Tensor:
    """Applies a calibration line to a head whose bias stands in the row `one`."""
    head = line.slope * head
    head[one] += line.intercept
    return head
