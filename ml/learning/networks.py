"""The networks: a behaviour encoder, a layout encoder and a decoder over one latent space.

Every network sees a *set* of N blocks by their descriptors, so N is free and new surfaces work.
The latent is a small memory: each block writes its values along its key (a direction that follows
from its descriptors), and the decoder reads along the same key. That keeps a block's own signal
through the bottleneck, where a pooled vector blurs it (LOG.md). Shapes: B requests, N blocks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from ml.learning.pieces import Pieces
from ml.learning.settings import Settings
from uiengine.features import CONTEXT, EVIDENCE, POPULARITY, SHAPE, TEXT_BUCKETS, USER

SIDE_LEVELS = 16
"""Number of values of the 4-bit recency code."""
FAR_BELOW = -1e4
"""Less than any activation; marks padding before a maximum."""


class Batch(NamedTuple):
    """Inputs of one batch, in the order of the exported graphs; recency: (B, N)."""

    kind: Tensor
    text: Tensor
    shape: Tensor
    user: Tensor
    popularity: Tensor
    mask: Tensor
    context: Tensor
    recency: Tensor


class Prediction(NamedTuple):
    """Decoder outputs: logits per block, (B, N).

    share, demand: from the tokens alone; side_share, side_demand: with the side input. outlook:
    share over the coming visits, with the side input. size: (B, N, 3), minimum, default, maximum.
    """

    share: Tensor
    demand: Tensor
    side_share: Tensor
    side_demand: Tensor
    outlook: Tensor
    size: Tensor


def mlp(inputs: int, hidden: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, hidden), nn.SiLU(), nn.Linear(hidden, outputs))


def spread(values: Tensor, like: Tensor) -> Tensor:
    """Repeats (B, F) for each block of `like` (B, N, …): (B, N, F)."""
    return values[:, None].expand(-1, like.shape[1], -1)


def of_user(batch: Batch) -> Tensor:
    """Joins all numbers that are the user's own, (B, N, 17); the context but for its last one."""
    return torch.cat([batch.user, spread(batch.context[:, :EVIDENCE], batch.user)], -1)


def through(layers: nn.Sequential, parts: Sequence[Tensor]) -> Tensor:
    """Applies `mlp` layers to parts side by side, (B, N, F) or, of all blocks alike, (B, 1, F).

    The parts are not joined: most of them are inputs, which need no gradient.
    """
    first = cast(nn.Linear, layers[0])
    weights = first.weight.split([part.shape[-1] for part in parts], 1)
    hidden = functional.linear(parts[0], weights[0], first.bias)
    for part, weight in zip(parts[1:], weights[1:], strict=True):
        hidden = hidden + functional.linear(part, weight)
    result: Tensor = layers[1:](hidden)
    return result


class BlockEmbedding(nn.Module):
    """Embeds block descriptors, (B, N, kind_width), and gives each block a unit memory key."""

    def __init__(self, kinds: int, settings: Settings) -> None:
        super().__init__()
        width = settings.kind_width
        self.kind = nn.Embedding(kinds + 1, width, padding_idx=0)
        self.text = nn.Linear(TEXT_BUCKETS, width, bias=False)
        self.shape = nn.Linear(SHAPE, width, bias=False)
        self.key = nn.Linear(width, settings.memory_keys, bias=False)
        nn.init.normal_(self.kind.weight, 0, 0.5)
        nn.init.zeros_(self.kind.weight[:1])
        nn.init.normal_(self.text.weight, 0, 0.3)
        nn.init.zeros_(self.shape.weight)

    def forward(self, kind: Tensor, text: Tensor, shape: Tensor) -> tuple[Tensor, Tensor]:
        named = self.kind(kind) + self.text(text)
        return named + self.shape(shape), functional.normalize(self.key(named), dim=-1)


class BehaviourEncoder(nn.Module):
    """s_x = E_x(profile, blocks, context); new subjects get the learned innate latent.

    What is known of the user, in a block and in all, is read through its bins as well. Popularity
    is not: bins of it gain where it rests on as many visits as in training, and lose where on fewer
    (LOG.md).
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        s, h = settings, settings.hidden
        self.pieces = Pieces(USER + EVIDENCE, s.bins)
        passed = self.pieces.width
        self.block = mlp(s.kind_width + USER + POPULARITY + CONTEXT + passed, h, h)
        self.value = nn.Linear(h, s.channels)
        self.direct = nn.Linear(USER + passed, s.channels)
        self.pooled = mlp(2 * h + CONTEXT, h, s.latent)
        self.innate = nn.Parameter(torch.zeros(s.latent))

    def forward(self, seen: Tensor, keys: Tensor, batch: Batch) -> Tensor:
        mask = batch.mask[..., None]
        passed = self.pieces(of_user(batch))
        parts = [seen, batch.user, batch.popularity, batch.context[:, None], passed]
        hidden = functional.silu(through(self.block, parts)) * mask
        own = self.direct(torch.cat([batch.user, passed], -1))
        values = (self.value(hidden) + own) * mask
        memory = (keys.transpose(1, 2) @ values).flatten(1)
        mean = hidden.sum(1) / mask.sum(1)
        most = hidden.masked_fill(mask == 0, FAR_BELOW).amax(1)  # padding is no block
        seen_before: Tensor = memory + self.pooled(torch.cat([mean, most, batch.context], -1))
        is_new = batch.context[:, 1:2]
        return is_new * self.innate + (1 - is_new) * seen_before


class LayoutEncoder(nn.Module):
    """s_y = E_y(layout, blocks): each block writes its rank into the memory, 0 = top."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.value = mlp(settings.kind_width + 2, settings.hidden, settings.channels)

    def forward(self, seen: Tensor, keys: Tensor, mask: Tensor, rank: Tensor) -> Tensor:
        """rank: (B, N), 0-based."""
        count = mask.sum(1, keepdim=True)
        place = torch.stack([rank / count, 1 / (rank + 1)], -1)
        values: Tensor = self.value(torch.cat([seen, place], -1)) * mask[..., None]
        return (keys.transpose(1, 2) @ values).flatten(1)


class Decoder(nn.Module):
    """D(tokens, blocks, context); of the context it sees only the evidence behind popularity."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        s, h = settings, settings.hidden
        seen = s.kind_width + POPULARITY + 1
        self.memory_keys, self.channels = s.memory_keys, s.channels
        self.others = mlp(seen, h // 2, h // 2)
        self.trunk = nn.Sequential(mlp(seen + h // 2 + s.channels, h, h), nn.SiLU())
        self.share = nn.Linear(h, 1)
        self.direct = nn.Linear(s.channels + POPULARITY, 1)
        self.demand = nn.Linear(h + 1, 1)
        self.recency = nn.Embedding(SIDE_LEVELS, 8)
        self.side = mlp(h + 8 + s.channels, h, 3)
        self.size = nn.Linear(h, 3)
        nn.init.zeros_(self.size.weight)
        with torch.no_grad():
            self.size.bias.copy_(torch.tensor([0.0, 4.0, 0.0]))

    def forward(self, seen: Tensor, keys: Tensor, latent: Tensor, batch: Batch) -> Prediction:
        read, hidden = self.opened(seen, keys, latent, batch)
        share = self.shares(read, hidden, batch.popularity)
        demand = self.demand(torch.cat([hidden, share], -1))[..., 0]
        share = share[..., 0]
        side = self.side(torch.cat([hidden, self.recency(batch.recency), read], -1))
        return Prediction(
            share,
            demand,
            share + side[..., 0],
            demand + side[..., 1],
            share + side[..., 2],
            self.size(hidden),
        )

    def shares(self, read: Tensor, hidden: Tensor, popularity: Tensor) -> Tensor:
        """Returns the share logits, (B, N, 1), of what `opened` returns."""
        found: Tensor = self.share(hidden) + self.direct(torch.cat([read, popularity], -1))
        return found

    def opened(
        self, seen: Tensor, keys: Tensor, latent: Tensor, batch: Batch
    ) -> tuple[Tensor, Tensor]:
        """Returns what each block reads in the memory, and its hidden values, (B, N, ·) both.

        Where many latents are decoded on one page, all but `latent` may be of one row.
        """
        mask = batch.mask[..., None]
        memory = latent.reshape(-1, self.memory_keys, self.channels)
        read = keys @ memory
        known = [seen, batch.popularity, batch.context[:, None, EVIDENCE : EVIDENCE + 1]]
        others = (functional.silu(through(self.others, known)) * mask).sum(1) / mask.sum(1)
        hidden = functional.silu(
            through(cast(nn.Sequential, self.trunk[0]), [*known, others[:, None], read])
        )
        return read, hidden


class Codec(nn.Module):
    """All networks of one version; `ml.learning.residual_vq` holds the codebook."""

    def __init__(self, kinds: int, settings: Settings) -> None:
        super().__init__()
        self.settings = settings
        self.blocks = BlockEmbedding(kinds, settings)
        self.encoder = BehaviourEncoder(settings)
        self.decoder = Decoder(settings)
        self.layouts = LayoutEncoder(settings)
        self.predictor = mlp(settings.latent, settings.hidden, settings.latent)

    def learn_bins(self, batch: Batch) -> None:
        """Puts the bins where the numbers of these visits lie; padding is left out."""
        self.encoder.pieces.learn(of_user(batch)[batch.mask > 0])

    def encode(self, batch: Batch) -> Tensor:
        """Returns latents before quantisation, (B, Z)."""
        latent: Tensor = self.encoder(*self.blocks(batch.kind, batch.text, batch.shape), batch)
        return latent

    def decode(self, latent: Tensor, batch: Batch) -> Prediction:
        seen, keys = self.blocks(batch.kind, batch.text, batch.shape)
        decoded: Prediction = self.decoder(seen, keys, latent, batch)
        return decoded
