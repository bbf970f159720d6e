"""A loaded codebook version: encodes subjects into tokens, decodes tokens into predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from uiengine import features
from uiengine.behaviour.popularity import Popularity
from uiengine.features import Floats, Ints, People
from uiengine.model.codebook import TOKEN_BITS, Codebook
from uiengine.model.finite import check_people, check_popularity
from uiengine.model.layout_codec import Graph, LayoutCodec
from uiengine.model.own_use import own_use_alone
from uiengine.model.prediction import Prediction
from uiengine.model.served_order import ServedOrder
from uiengine.model.student import Student
from uiengine.page.surface import Same, Surface
from uiengine.request import Request

MOST_KEPT = 256
"""Maximum number of surfaces and of pages whose network inputs a version caches."""
ENCODER_INPUTS = ("kind", "text", "shape", "user", "popularity", "mask", "context")
DECODER_INPUTS = ("kind", "text", "shape", "latent", "popularity", "mask", "context", "recency")
DECODER_OUTPUTS = ("share", "demand", "side_share", "side_demand", "outlook", "size")


class PageInputs(NamedTuple):
    """Network inputs of a page on a day, equal for all subjects: (N, …), named as the inputs.

    evidence: how many visits of all subjects the popularity rests on, decayed with a half-life of
    1.5 days (`features.evidence`).
    """

    kind: Ints
    text: Floats
    shape: Floats
    popularity: Floats
    mask: Floats
    evidence: float


@dataclass
class CodebookVersion:
    """A loaded version.

    surfaces: those it was trained for, empty for the innate one; default_orders: per surface, the
    popularity order of its training data; priors: per surface, each block's mean share of a
    training visit and of a newcomer's; layouts: the layout part, opened at its first use; served:
    per surface, the orders that it served to people it learned from, the most frequent first;
    students: per surface where one was learned; own_visits: see `Prediction`, likewise.
    """

    id: str
    surfaces: tuple[str, ...]
    default_orders: Mapping[str, tuple[str, ...]]
    priors: Mapping[str, Mapping[str, Sequence[float]]]
    kinds: Mapping[str, int]
    codebook: Codebook
    card: Mapping[str, Any]
    _encoder: Graph
    _decoder: Graph
    layouts: LayoutCodec | None = None
    served: Mapping[str, tuple[ServedOrder, ...]] = field(default_factory=dict)
    own_visits: Mapping[str, float] = field(default_factory=dict)
    students: Mapping[str, Student] = field(default_factory=dict)
    _described: dict[Same[Surface], features.Descriptors] = field(default_factory=dict)
    _pages: dict[tuple[Same[Surface], Same[Popularity], int], PageInputs] = field(
        default_factory=dict
    )

    def read(self, requests: Sequence[Request], *, bits: int = 64) -> list[Prediction]:
        """Encodes each subject into at most bits/8 tokens and decodes them, in one batch.

        A subject without a closed visit gets the single innate token.
        """
        if not requests:
            return []
        inputs, recency = self._inputs(requests)
        latents = self._encode(inputs)
        most = [max(bits // TOKEN_BITS, 1) if r.profile.visits else 1 for r in requests]
        tokens = self.codebook.encode(latents, most)
        return self._decoded(requests, inputs, recency, tokens, latents)

    def neighbours(self, request: Request, tokens: tuple[int, ...], count: int) -> list[Prediction]:
        """Decodes at most `count` token lists that differ from `tokens` in one token.

        Those nearest to the subject's latent come first; each stage offers its nearest other codes.
        """
        inputs, recency = self._inputs([request])
        latents = self._encode(inputs)
        lists = self._nearby(latents[0], tokens)[:count]
        return self._each(request, inputs, recency, latents, lists)

    def decode(self, request: Request, lists: Sequence[tuple[int, ...]]) -> list[Prediction]:
        """Decodes any token lists on the request's page.

        Distortion is relative to the latent of the request's subject.
        """
        inputs, recency = self._inputs([request])
        return self._each(request, inputs, recency, self._encode(inputs), lists)

    def _each(
        self,
        request: Request,
        inputs: Mapping[str, npt.NDArray[Any]],
        recency: npt.NDArray[np.int64],
        latents: npt.NDArray[np.float32],
        lists: Sequence[tuple[int, ...]],
    ) -> list[Prediction]:
        if not lists:
            return []
        many = {name: np.repeat(a, len(lists), axis=0) for name, a in inputs.items()}
        rows = np.repeat(recency, len(lists), axis=0)
        target = np.repeat(latents, len(lists), axis=0)
        return self._decoded([request] * len(lists), many, rows, lists, target)

    def _nearby(
        self, latent: npt.NDArray[np.float32], tokens: tuple[int, ...]
    ) -> list[tuple[int, ...]]:
        found: list[tuple[float, tuple[int, ...]]] = []
        whole = self.codebook.decode([tokens])[0]
        for stage, token in enumerate(tokens):
            codes = self.codebook.codes[stage, : self.codebook.codes_in_use[stage]]
            errors = np.square(latent - (whole - codes[token] + codes)).sum(axis=1)
            for other in np.argsort(errors, kind="stable")[:9]:
                if other != token:
                    changed = (*tokens[:stage], int(other), *tokens[stage + 1 :])
                    found.append((float(errors[other]), changed))
        return [changed for _, changed in sorted(found)]

    def _describe(self, surface: Surface) -> features.Descriptors:
        if (known := self._described.get(Same(surface))) is not None:
            return known
        if len(self._described) >= MOST_KEPT:
            self._described.clear()
        described = self._described[Same(surface)] = features.describe(surface, self.kinds)
        return described

    def _page(self, surface: Surface, popularity: Popularity, day: int) -> PageInputs:
        key = (Same(surface), Same(popularity), day)
        if (known := self._pages.get(key)) is not None:
            return known
        if len(self._pages) >= MOST_KEPT:
            self._pages.clear()
        shares = self.priors.get(surface.slug)
        rows = features.gather_page(popularity, tuple(surface.index), day, shares)
        check_popularity(rows.popularity, rows.prior)
        encoded, evidence = features.encode_popularity(rows)[0], features.evidence(rows).item()
        found = PageInputs(*self._describe(surface), encoded, rows.mask[0], evidence)
        self._pages[key] = found
        return found

    def _inputs(self, requests: Sequence[Request]) -> tuple[dict[str, npt.NDArray[Any]], Ints]:
        """Network inputs of a batch, padded to its largest surface, and the recency codes."""
        pages = [self._page(r.surface, r.popularity, r.day) for r in requests]
        count = max(len(page.mask) for page in pages)
        kind, text, shape, popularity, mask, evidence = zip(*pages, strict=True)
        people = gather_people(requests, count)
        check_people(people, [request.profile for request in requests])
        inputs = {
            "kind": features.pad(kind, count),
            "text": features.pad(text, count),
            "shape": features.pad(shape, count),
            "user": features.encode_user(people),
            "popularity": features.pad(popularity, count),
            "mask": features.pad(mask, count),
            "context": features.encode_context(people, np.array(evidence)),
        }
        return inputs, features.recency(people)

    def _encode(self, inputs: Mapping[str, npt.NDArray[Any]]) -> npt.NDArray[np.float32]:
        feed = {name: inputs[name] for name in ENCODER_INPUTS}
        return np.asarray(self._encoder.run(["latent"], feed)[0], dtype=np.float32)

    def _decoded(
        self,
        requests: Sequence[Request],
        inputs: Mapping[str, npt.NDArray[Any]],
        recency: npt.NDArray[np.int64],
        tokens: Sequence[tuple[int, ...]],
        latents: npt.NDArray[np.float32],
    ) -> list[Prediction]:
        decoded = self.codebook.decode(tokens)
        distortion = self.codebook.distortion(latents, decoded)
        known = {**inputs, "latent": decoded, "recency": recency}
        feed = {name: known[name] for name in DECODER_INPUTS}
        out = self._decoder.run(DECODER_OUTPUTS, feed)
        rows = zip(requests, tokens, zip(*out, strict=True), distortion.tolist(), strict=True)
        return [self._one(*row) for row in rows]

    def _one(
        self,
        request: Request,
        tokens: tuple[int, ...],
        out: Sequence[npt.NDArray[np.float32]],
        distortion: float,
    ) -> Prediction:
        slug = request.surface.slug
        is_guess = slug not in self.surfaces
        found = _prediction(
            request,
            tokens,
            out,
            distortion,
            is_guess=is_guess,
            own_visits=None if is_guess else self.own_visits.get(slug),
            knows_kinds=self._knows_kinds(request.surface),
        )
        return own_use_alone(request, found) if request.profile.feedback.unexpected else found

    def _knows_kinds(self, surface: Surface) -> bool:
        kinds = self._describe(surface).kind
        return bool(2 * np.count_nonzero(kinds) > len(kinds))


def gather_people(requests: Sequence[Request], count: int) -> People:
    """Gathers raw rows of the requests' subjects, padded to `count` blocks."""
    counters = np.zeros((len(requests), count, features.COUNTERS))
    for i, request in enumerate(requests):
        if request.profile.blocks:
            ids = request.surface.index
            counters[i, : len(ids)] = features.gather_user(request.profile, ids, request.day)
    history = [features.gather_history(r.profile, r.day) for r in requests]
    return People(counters, np.array(history, dtype=np.float64))


def _prediction(
    request: Request,
    tokens: tuple[int, ...],
    out: Sequence[npt.NDArray[np.float32]],
    distortion: float,
    *,
    is_guess: bool,
    own_visits: float | None,
    knows_kinds: bool,
) -> Prediction:
    """Builds one prediction. out: one row of each of DECODER_OUTPUTS."""
    count = len(request.surface.blocks)
    share, _, side_share, side_demand, outlook, size = (row[:count] for row in out)
    logits = np.array([side_share, share, outlook], dtype=np.float64)
    raised = np.exp(logits - np.maximum.reduce(logits, axis=1, keepdims=True))
    shares = raised / np.add.reduce(raised, axis=1, keepdims=True)
    return Prediction(
        tokens=tokens,
        score=logits[0],
        demand=1 / (1 + np.exp(-side_demand.astype(np.float64))),
        share=shares[0],
        tokens_share=shares[1],
        outlook=shares[2],
        size_class=size.argmax(axis=1),
        side_bits=features.side_bits(request.surface),
        distortion=distortion,
        is_guess=is_guess,
        own_visits=own_visits,
        knows_kinds=knows_kinds,
    )
