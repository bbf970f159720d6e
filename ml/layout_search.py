"""Analysis by synthesis: the tokens whose decoded layout is most like the layout to encode.

The decoder turns tokens, kinds and columns into boxes. The encoder may try: stage by stage it
takes the codes nearest to what is left of the latent, lets the decoder say what each would give,
packs the most promising, and keeps a few token lists (a beam).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ml.layout_data import Floats, Record
from ml.layout_fit import FittedLayouts
from ml.layout_metrics import matched_iou
from ml.layout_model import Said, goals_of, layout_loss, slots_of
from ml.layout_packing import Programme, place

ENOUGH = 0.9999
"""A score that no further token can raise."""


@dataclass(frozen=True)
class Width:
    """beam: token lists kept; near: codes per list that are decoded; packed: of these, packed."""

    beam: int = 4
    near: int = 96
    packed: int = 16


class Coded(NamedTuple):
    """tokens: codebook indices, one per stage used; score: matched IoU of their layout."""

    tokens: tuple[int, ...]
    score: float


@torch.no_grad()
def decode(
    fitted: FittedLayouts, kinds: Sequence[str], columns: int, tokens: Sequence[int]
) -> Floats:
    """Boxes (N, 4) for kinds in alphabetical order. All that the decoder is given is here."""
    slots = slots_of([kinds], [columns], fitted.kinds)
    latent = torch.zeros(1, fitted.settings.latent)
    for stage, token in enumerate(tokens):
        latent = latent + fitted.quantiser.codes[stage, token]
    return place(_programme(fitted.codec.decode(slots, latent), 0), columns)


def nearest(fitted: FittedLayouts, record: Record, stages: int) -> list[Coded]:
    """The same without search: each stage's nearest code to what is left of the latent."""
    search = _Search(fitted, record, Width())
    tokens = tuple(fitted.quantiser.tokens(search.latent[None])[0].tolist())
    return [Coded(tokens[:n], search.score(tokens[:n])) for n in range(stages + 1)]


def _programme(said: Said, row: int) -> Programme:
    return Programme(
        said.order[row].numpy().astype(np.float64),
        said.width[row].argmax(-1).numpy(),
        said.height[row].argmax(-1).numpy(),
        int(said.span[row].argmax()),
    )


def encode(
    fitted: FittedLayouts,
    record: Record,
    stages: int,
    width: Width = Width(),
) -> list[Coded]:
    """The best tokens found with at most 0, 1, … `stages` of them: stages + 1 entries."""
    search = _Search(fitted, record, width)
    best = [Coded((), search.score(()))]
    beam: list[tuple[Tensor, tuple[int, ...]]] = [(torch.zeros_like(search.latent), ())]
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
    latent: Tensor
    tokens: tuple[int, ...]
    loss: float
    score: float


def _keep(found: Sequence[_Candidate], count: int) -> list[_Candidate]:
    """Half by what their layout scores now, half by how likely they make the true layout."""
    by_score = sorted(found, key=lambda c: (-c.score, c.tokens))
    by_loss = sorted(found, key=lambda c: (c.loss, c.tokens))
    kept: dict[tuple[int, ...], _Candidate] = {}
    for pair in zip(by_score, by_loss, strict=True):
        for candidate in pair:
            if len(kept) < count:
                kept.setdefault(candidate.tokens, candidate)
    return list(kept.values())


class _Search:
    """One record's tensors, computed once."""

    def __init__(self, fitted: FittedLayouts, record: Record, width: Width) -> None:
        self.fitted, self.record, self.width = fitted, record, width
        self.goals = goals_of([record])
        slots = slots_of([record.kinds], [record.columns], fitted.kinds)
        self.mask = slots.mask
        self.scores: dict[tuple[bytes | int, ...], float] = {}
        with torch.no_grad():
            self.seen, self.keys = fitted.codec.embed(slots)
            self.latent = fitted.codec.encode(slots, self.goals.place)[0]

    def score(self, tokens: tuple[int, ...]) -> float:
        boxes = decode(self.fitted, self.record.kinds, self.record.columns, tokens)
        return matched_iou(self.record.kinds, boxes, self.record.boxes)

    @torch.no_grad()
    def extend(self, stage: int, latent: Tensor, tokens: tuple[int, ...]) -> list[_Candidate]:
        """The packed candidates that add one token of this stage."""
        quantiser = self.fitted.quantiser
        distances = quantiser.distances(stage, (self.latent - latent)[None])[0]
        near = distances.topk(min(self.width.near, len(distances)), largest=False).indices
        latents = latent + quantiser.codes[stage, near]
        said, losses = self._say(latents)
        picked = losses.topk(min(self.width.packed, len(near)), largest=False).indices
        return [
            _Candidate(latents[i], (*tokens, int(near[i])), float(losses[i]), self._packed(said, i))
            for i in picked.tolist()
        ]

    def _say(self, latents: Tensor) -> tuple[Said, Tensor]:
        count = len(latents)

        def repeat(one: Tensor) -> Tensor:
            return one.expand(count, *one.shape[1:])

        mask = repeat(self.mask)
        said = self.fitted.codec.decode_embedded(
            repeat(self.seen), repeat(self.keys), mask, latents
        )
        goals = type(self.goals)(*(repeat(value) for value in self.goals))
        return said, layout_loss(said, goals, mask)

    def _packed(self, said: Said, row: int) -> float:
        """The score of what is said; many tokens say the same in the end."""
        programme = _programme(said, row)
        order = np.argsort(-programme.score, kind="stable")
        key = (*(part.tobytes() for part in (order, *programme[1:3])), programme.span)
        if key not in self.scores:
            boxes = place(programme, self.record.columns)
            self.scores[key] = matched_iou(self.record.kinds, boxes, self.record.boxes)
        return self.scores[key]
