"""Analysis by synthesis: a beam search for the tokens whose decoded layout matches best.

The decoder turns tokens, kinds and columns into boxes. Stage by stage, the search takes the codes
nearest to the residual of the latent, decodes each, packs the most likely ones and keeps the best
token lists. Encoder, codes and decoder are those of an exported layout part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch

from ml.layouts.iou import matched_iou
from ml.layouts.networks import Goals, LayoutOutputs, goals_of, layout_loss
from ml.layouts.records import Record, place_features, targets
from uiengine.model.layout_codec import LayoutCodec, LayoutLogits, Singles, place

ENOUGH = 0.9999
"""Score from which on no further token is tried."""


@dataclass(frozen=True)
class Width:
    """Search width: token lists kept, codes decoded per list, and layouts packed per list."""

    beam: int = 4
    near: int = 96
    packed: int = 16


class Coded(NamedTuple):
    """Tokens, one codebook index per stage used, and the matched IoU of their layout."""

    tokens: tuple[int, ...]
    score: float


def nearest(part: LayoutCodec, record: Record, stages: int) -> list[Coded]:
    """Encodes without search, by the code nearest to each stage's residual."""
    search = _Search(part, record, Width())
    latent, tokens = search.latent, list[int]()
    for stage in range(stages):
        tokens.append(int(search.distances(stage, latent).argmin()))
        latent = latent - part.codes[stage, tokens[-1]]
    return [Coded(t := tuple(tokens[:n]), search.score(t)) for n in range(stages + 1)]


def encode(part: LayoutCodec, record: Record, stages: int, width: Width = Width()) -> list[Coded]:
    """Returns the best tokens found for each limit of 0, 1, … `stages` tokens."""
    search = _Search(part, record, width)
    best = [Coded((), search.score(()))]
    beam: list[tuple[Singles, tuple[int, ...]]] = [(np.zeros_like(search.latent), ())]
    for stage in range(stages):
        if best[-1].score >= ENOUGH:
            best.append(best[-1])
            continue
        found = [c for latent, tokens in beam for c in search.extend(stage, latent, tokens)]
        top = max(found, key=lambda c: c.score)
        best.append(max(best[-1], Coded(top.tokens, top.score), key=lambda c: c.score))
        beam = [(c.latent, c.tokens) for c in _keep(found, width.beam)]
    return best


class _Candidate(NamedTuple):
    latent: Singles
    tokens: tuple[int, ...]
    loss: float
    score: float


def _keep(found: Sequence[_Candidate], count: int) -> list[_Candidate]:
    """Keeps the best candidates, half by score and half by likelihood of the true layout."""
    by_score = sorted(found, key=lambda c: (-c.score, c.tokens))
    by_loss = sorted(found, key=lambda c: (c.loss, c.tokens))
    kept: dict[tuple[int, ...], _Candidate] = {}
    for pair in zip(by_score, by_loss, strict=True):
        for candidate in pair:
            if len(kept) < count:
                kept.setdefault(candidate.tokens, candidate)
    return list(kept.values())


class _Search:
    """The search for one record; its latent and targets are computed once."""

    def __init__(self, part: LayoutCodec, record: Record, width: Width) -> None:
        self.part, self.record, self.width = part, record, width
        self.goals = goals_of([record])
        features = place_features(record, targets(record))
        self.latent = part.latent(record.kinds, record.columns, features)
        self.scores: dict[tuple[bytes | int, ...], float] = {}

    def score(self, tokens: tuple[int, ...]) -> float:
        boxes = self.part.boxes(self.record.kinds, self.record.columns, tokens)
        return matched_iou(self.record.kinds, boxes, self.record.boxes)

    def distances(self, stage: int, residual: Singles) -> Singles:
        """Returns squared distances to the codes of a stage."""
        codes = self.part.codes[stage, : self.part.codes_in_use[stage]]
        return np.asarray(np.square(codes - residual).sum(1))

    def extend(self, stage: int, latent: Singles, tokens: tuple[int, ...]) -> list[_Candidate]:
        """Returns the packed candidates that add one token of this stage."""
        order = self.distances(stage, self.latent - latent).argsort(kind="stable")
        near = order[: self.width.near]
        latents = latent + self.part.codes[stage, near]
        said = self.part.decode(self.record.kinds, self.record.columns, latents)
        losses = likelihood_loss(said, self.goals)
        picked = losses.argsort(kind="stable")[: self.width.packed]
        return [
            _Candidate(latents[i], (*tokens, int(near[i])), float(losses[i]), self._packed(said, i))
            for i in picked.tolist()
        ]

    def _packed(self, said: LayoutLogits, row: int) -> float:
        """Scores one decoded layout; equal layouts are packed once."""
        sized_order = said.sized_order(row)
        order = np.argsort(-sized_order.score, kind="stable")
        key: tuple[bytes | int, ...] = (
            *(part.tobytes() for part in (order, *sized_order[1:3])),
            sized_order.span,
        )
        if key not in self.scores:
            boxes = place(sized_order, self.record.columns)
            self.scores[key] = matched_iou(self.record.kinds, boxes, self.record.boxes)
        return self.scores[key]


def likelihood_loss(said: LayoutLogits, goals: Goals) -> Singles:
    """Returns the loss per item of the layout in `goals` under each of C latents, (C,)."""
    count, slots = said.order.shape
    many = Goals(*(value.expand(count, *value.shape[1:]) for value in goals))
    tensors = LayoutOutputs(*(torch.from_numpy(part) for part in said))
    return np.asarray(layout_loss(tensors, many, torch.ones(count, slots)))
