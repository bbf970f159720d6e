"""The layout networks, built on the decoder and quantiser of `ml.learning`.

Three things differ: the embedding also knows a slot's number among its kind (a page may hold a
hundred blocks of one kind), the encoder sees boxes instead of behaviour, and the decoder's size
head gives width and height classes. The order is the decoder's `share`, as in serving. Shapes: B
layouts, N slots, Z latent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ml.layouts.records import PLACE, Record, place_features, targets
from ml.learning.networks import Batch, BlockEmbedding, Decoder, mlp, spread
from ml.learning.settings import Settings
from uiengine.features import CONTEXT, POPULARITY, SHAPE, USER
from uiengine.model.layout_slots import HEIGHTS, SLOT, SPANS, WIDTHS, kind_text, slot_features

LAYOUTS = replace(
    Settings(),
    memory_keys=16,
    channels=8,
    hidden=192,
    kind_width=64,
    bins=0,
    batch=48,
    rate=2e-3,
    commit=0.05,
)
"""Settings of the layout codec; wider than for behaviour, since pages hold more blocks."""
SIZES = (WIDTHS, len(HEIGHTS), len(SPANS))
ORDER_WEIGHT = 2.0


class Slots(NamedTuple):
    """Decoder inputs. kind: (B, N), 0 = unknown; text: (B, N, 64); slot: (B, N, SLOT);
    mask: (B, N).
    """

    kind: Tensor
    text: Tensor
    slot: Tensor
    mask: Tensor


class Goals(NamedTuple):
    """Encoder inputs and decoder targets. place: (B, N, PLACE), the encoder's input; rank, width,
    height: (B, N); span: (B,).
    """

    place: Tensor
    rank: Tensor
    width: Tensor
    height: Tensor
    span: Tensor


class LayoutOutputs(NamedTuple):
    """Decoder outputs. order: (B, N), higher = nearer the top; logits of width and height,
    (B, N, ·), and of span, (B, ·).
    """

    order: Tensor
    width: Tensor
    height: Tensor
    span: Tensor


class SlotEmbedding(BlockEmbedding):
    """Embeds a slot, and gives it a key, by its kind and its number among its kind."""

    def __init__(self, kinds: int, settings: Settings) -> None:
        super().__init__(kinds, settings)
        self.number = mlp(settings.kind_width + SLOT, settings.hidden, settings.kind_width)

    def forward(self, kind: Tensor, text: Tensor, shape: Tensor) -> tuple[Tensor, Tensor]:
        """shape: (B, N, SLOT), slot features in place of size limits, which layout files lack."""
        named = self.kind(kind) + self.text(text)
        seen = named + self.number(torch.cat([named, shape], -1))
        return seen, functional.normalize(self.key(seen), dim=-1)


class BoxEncoder(nn.Module):
    """s_y = E_y(layout, blocks): each slot writes its box into the memory along its key."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        h = settings.hidden
        self.block = nn.Sequential(mlp(settings.kind_width + PLACE, h, h), nn.SiLU())
        self.mixed = nn.Sequential(mlp(2 * h, h, h), nn.SiLU())
        self.value = nn.Linear(h, settings.channels)
        self.pooled = mlp(2 * h, h, settings.latent)

    def forward(self, seen: Tensor, keys: Tensor, mask: Tensor, place: Tensor) -> Tensor:
        """Returns latents, (B, Z)."""
        mask = mask[..., None]
        hidden = self.block(torch.cat([seen, place], -1)) * mask
        mean = hidden.sum(1) / mask.sum(1)
        hidden = self.mixed(torch.cat([hidden, spread(mean, hidden)], -1)) * mask
        memory = (keys.transpose(1, 2) @ (self.value(hidden) * mask)).flatten(1)
        mean = hidden.sum(1) / mask.sum(1)
        latent: Tensor = memory + self.pooled(torch.cat([mean, hidden.amax(1)], -1))
        return latent


class LayoutCodec(nn.Module):
    """Layout encoder and decoder over one latent; the quantiser is separate."""

    def __init__(self, kinds: int, settings: Settings) -> None:
        super().__init__()
        self.blocks = SlotEmbedding(kinds, settings)
        self.encoder = BoxEncoder(settings)
        self.decoder = Decoder(settings)
        self.decoder.size = nn.Linear(settings.hidden, sum(SIZES))

    def embed(self, slots: Slots) -> tuple[Tensor, Tensor]:
        """Returns embeddings (B, N, kind_width) and keys (B, N, memory_keys), free of tokens."""
        seen, keys = self.blocks(slots.kind, slots.text, slots.slot)
        return seen, keys

    def encode(self, slots: Slots, place: Tensor) -> Tensor:
        latent: Tensor = self.encoder(*self.embed(slots), slots.mask, place)
        return latent

    def decode(self, slots: Slots, latent: Tensor) -> LayoutOutputs:
        return self.decode_embedded(*self.embed(slots), slots.mask, latent)

    def decode_embedded(
        self, seen: Tensor, keys: Tensor, mask: Tensor, latent: Tensor
    ) -> LayoutOutputs:
        """Decodes latents, (C, Z): one a layout, or many on one page, embedded and masked once."""
        behaviour = _no_behaviour(mask)
        read, hidden = self.decoder.opened(seen, keys, latent, behaviour)
        popularity = behaviour.popularity.expand(read.shape[0], -1, -1)
        order = self.decoder.shares(read, hidden, popularity)
        width, height, span = self.decoder.size(hidden).split(SIZES, -1)
        votes = (span * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        return LayoutOutputs(order[..., 0], width, height, votes)


def _no_behaviour(mask: Tensor) -> Batch:
    """Returns a batch of zeros: layout files hold no profile, popularity or recency."""
    b, n = mask.shape
    none = mask.new_zeros
    whole = torch.zeros(b, n, dtype=torch.long)
    return Batch(
        whole, none(b, n, 0), none(b, n, SHAPE), none(b, n, USER), none(b, n, POPULARITY),
        mask, none(b, CONTEXT), whole,
    )  # fmt: skip


def layout_loss(said: LayoutOutputs, goals: Goals, mask: Tensor) -> Tensor:
    """Negative log-likelihood of a layout per item, in nats, (B,): pairwise order, size classes."""
    count = mask.sum(1)
    ahead = (goals.rank[:, None, :] - goals.rank[:, :, None]).sign()
    pairs = mask[:, :, None] * mask[:, None, :] * ahead.abs()
    gap = said.order[:, :, None] - said.order[:, None, :]
    order = (functional.softplus(-gap * ahead) * pairs).sum((1, 2)) / count
    each = _cross_entropy(said.width, goals.width) + _cross_entropy(said.height, goals.height)
    span = functional.cross_entropy(said.span, goals.span, reduction="none")
    return (ORDER_WEIGHT * order + (each * mask).sum(1) + span) / count


def _cross_entropy(logits: Tensor, classes: Tensor) -> Tensor:
    return functional.cross_entropy(logits.transpose(1, 2), classes, reduction="none")


def slots_of(
    kinds: Sequence[Sequence[str]], columns: Sequence[int], numbers: Mapping[str, int]
) -> Slots:
    """Returns padded decoder inputs of B layouts. numbers: number of each known kind, from 1."""
    longest = max(map(len, kinds))
    mask = torch.tensor([[float(i < len(k)) for i in range(longest)] for k in kinds])
    rows = [[numbers.get(k, 0) for k in each] for each in kinds]
    kind = _pad([np.array(row, dtype=np.int64) for row in rows], longest)
    text = _pad([np.stack([kind_text(k) for k in each]) for each in kinds], longest)
    slot = _pad([slot_features(each, c) for each, c in zip(kinds, columns, strict=True)], longest)
    return Slots(kind, text, slot, mask)


def goals_of(records: Sequence[Record]) -> Goals:
    """Returns padded encoder inputs and decoder targets of B layouts."""
    wanted = [targets(record) for record in records]
    longest = max(len(record.kinds) for record in records)
    pairs = zip(records, wanted, strict=True)
    return Goals(
        _pad([place_features(record, goal) for record, goal in pairs], longest),
        _pad([goal.rank for goal in wanted], longest),
        _pad([goal.width for goal in wanted], longest),
        _pad([goal.height for goal in wanted], longest),
        torch.tensor([goal.span for goal in wanted]),
    )


def _pad(rows: Sequence[np.ndarray], longest: int) -> Tensor:
    out = np.zeros((len(rows), longest, *rows[0].shape[1:]), dtype=rows[0].dtype)
    for i, row in enumerate(rows):
        out[i, : len(row)] = row
    return torch.from_numpy(out)
