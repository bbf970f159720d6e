"""Analysis by synthesis: a beam search for the tokens whose decoded layout matches best.

The decoder turns tokens, kinds and columns into boxes. Stage by stage, the search appends codes to
the token lists that it keeps, decodes and packs every one of these and keeps the best. Encoder,
codes and decoder are those of an exported layout part. C: candidates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch

from ml.layouts.iou import matched_iou, matched_ious
from ml.layouts.networks import Goals, LayoutOutputs, goals_of, layout_loss
from ml.layouts.packing import place_many
from ml.layouts.records import Floats, Ints, Record, place_features, targets
from uiengine.model.layout_codec import LayoutCodec, LayoutLogits, Singles

ENOUGH = 0.9999
"""Score from which on no further token is tried."""


@dataclass(frozen=True)
class Width:
    """Search width: token lists kept after the first token and later; each tries all codes."""

    first: int = 16
    later: int = 8

    def kept(self, stage: int) -> int:
        return self.later if stage else self.first


class Coded(NamedTuple):
    """Tokens, one codebook index per stage used, and the matched IoU of their layout."""

    tokens: tuple[int, ...]
    score: float


def nearest(part: LayoutCodec, record: Record, stages: int) -> list[Coded]:
    """Encodes without search, by the code nearest to each stage's residual."""
    search = _Search(part, record)
    tokens = np.empty(0, dtype=np.int64)
    found = [search.coded(tokens)]
    for stage in range(stages):
        tokens = np.append(tokens, search.by_distance(stage, tokens)[0])
        found.append(search.coded(tokens))
    return found


def encode(part: LayoutCodec, record: Record, stages: int, width: Width = Width()) -> list[Coded]:
    """Returns the best tokens found for each limit of 0, 1, … `stages` tokens."""
    search = _Search(part, record)
    kept: Ints = np.empty((1, 0), dtype=np.int64)
    best = [search.coded(kept[0])]
    for stage in range(stages):
        if best[-1].score >= ENOUGH:
            best.append(best[-1])
            continue
        found = _joined([search.extended(list_) for list_ in kept])
        top = search.coded(found.tokens[found.scores.argmax()])
        best.append(max(best[-1], top, key=lambda coded: coded.score))
        kept = found.tokens[_kept(found, width.kept(stage))]
    return best


class _Found(NamedTuple):
    """Candidates: tokens, (C, stages so far); matched IoU and loss of the true layout, (C,)."""

    tokens: Ints
    scores: Floats
    losses: Singles


def _joined(parts: Sequence[_Found]) -> _Found:
    return _Found(*(np.concatenate(each) for each in zip(*parts, strict=True)))


def _kept(found: _Found, count: int) -> list[int]:
    """Keeps the best candidates, half by score and half by likelihood of the true layout.

    The score of a few tokens says little of what further tokens can make of them.
    """
    by_score = (-found.scores).argsort(kind="stable")
    by_loss = found.losses.argsort(kind="stable")
    both = np.stack([by_score, by_loss], 1).ravel().tolist()
    return list(dict.fromkeys(both))[:count]


class _Search:
    """The search for one record; its latent and targets are computed once."""

    def __init__(self, part: LayoutCodec, record: Record) -> None:
        self.part, self.record = part, record
        self.goals = goals_of([record])
        features = place_features(record, targets(record))
        self.latent = part.latent(record.kinds, record.columns, features)

    def coded(self, tokens: Ints) -> Coded:
        """Scores tokens as their reader decodes them, by themselves."""
        kinds, exact = self.record.kinds, tuple(tokens.tolist())
        boxes = self.part.boxes(kinds, self.record.columns, exact)
        return Coded(exact, matched_iou(kinds, boxes, self.record.boxes))

    def by_distance(self, stage: int, tokens: Ints) -> Ints:
        """Returns the codes of a stage, those nearest to what is left of the latent first."""
        codes = self.part.codes[stage, : self.part.codes_in_use[stage]]
        left = self.latent - self.part.summed(tokens.tolist())
        order: Ints = np.square(codes - left).sum(1).argsort(kind="stable")
        return order

    def extended(self, tokens: Ints) -> _Found:
        """Returns the candidates that add one token, one for each code; nearest first, as the first
        of equals is taken."""
        stage, kinds, columns = len(tokens), self.record.kinds, self.record.columns
        near = self.by_distance(stage, tokens)
        latents = self.part.summed(tokens.tolist()) + self.part.codes[stage, near]
        said = self.part.decode(kinds, columns, latents)
        scores = matched_ious(kinds, place_many(said, columns), self.record.boxes)
        longer = np.column_stack([np.tile(tokens, (len(near), 1)), near])
        return _Found(longer, scores, likelihood_loss(said, self.goals))


def likelihood_loss(said: LayoutLogits, goals: Goals) -> Singles:
    """Returns the loss per item of the layout in `goals` under each of C latents, (C,)."""
    count, slots = said.order.shape
    many = Goals(*(value.expand(count, *value.shape[1:]) for value in goals))
    tensors = LayoutOutputs(*(torch.from_numpy(part) for part in said))
    return np.asarray(layout_loss(tensors, many, torch.ones(count, slots)))
