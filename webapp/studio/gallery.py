"""Draws a codebook: each code as the layout it decodes to, with its share of use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, log2

import numpy as np
from django.utils.safestring import SafeString, mark_safe

from uiengine.behaviour.profile import Profile
from uiengine.model.prediction import Prediction
from uiengine.model.version import CodebookVersion
from uiengine.page.layout import pack
from uiengine.page.reading_order import apply_pins
from uiengine.page.surface import Surface
from uiengine.request import Request
from webapp.serving.pages import Page, serving
from webapp.studio.usage import Usage
from webapp.surfaces.preview import picture

PER_PAGE = 48
WIDTH, ROW = 150, 9


@dataclass(frozen=True)
class Code:
    """share: of the current subjects. first: title of the first unpinned block in its layout."""

    index: int
    count: int
    share: float
    svg: SafeString
    first: str
    slices: Mapping[str, Mapping[str, float] | None]


@dataclass(frozen=True)
class Stage:
    """A residual stage.

    number: from 1. in_use: codes that at least one current subject has. perplexity: of their use.
    """

    number: int
    slots: int
    in_use: int
    subjects: int
    perplexity: float

    @property
    def unused(self) -> int:
        return self.slots - self.in_use


@dataclass(frozen=True)
class Shelf:
    """One page of a stage's codes, most used first.

    before: the tokens in front of the codes. unused: all codes of the stage without a subject.
    """

    codes: tuple[Code, ...]
    unused: tuple[int, ...]
    before: tuple[int, ...] | None
    pages: int


def stages(version: CodebookVersion, usage: Usage) -> list[Stage]:
    found = []
    for index, slots in enumerate(version.codebook.codes_in_use):
        counts = usage.stage(index)
        total = sum(counts.values())
        entropy = -sum(n / total * log2(n / total) for n in counts.values())
        perplexity = 2**entropy if total else 0.0
        found.append(Stage(index + 1, slots, len(counts), total, perplexity))
    return found


def shelf(
    version: CodebookVersion, page: Page, usage: Usage, *, day: int, stage: int, number: int
) -> Shelf:
    """Returns one page of a stage's codes; stage and page number count from 1.

    Codes of later stages mean nothing alone, so they are drawn after the most common tokens before
    them; where no subject has such tokens, none is drawn.
    """
    counts = usage.stage(stage - 1)
    slots = version.codebook.codes_in_use[stage - 1]
    ordered = sorted(range(slots), key=lambda code: (-counts[code], code))
    before = usage.prefix(stage - 1) if stage > 1 else ()
    unused = tuple(code for code in range(slots) if not counts[code])
    if before is None:
        return Shelf((), unused, None, 1)
    shown = ordered[(number - 1) * PER_PAGE : number * PER_PAGE]
    request = Request(page.surface, Profile(), serving.popularity(page, day), day)
    predictions = version.decode(request, [(*before, code) for code in shown])
    codes = [
        _code(page.surface, one, code, counts[code], usage, stage)
        for code, one in zip(shown, predictions, strict=True)
    ]
    return Shelf(tuple(codes), unused, before, ceil(slots / PER_PAGE))


def drawn(surface: Surface, prediction: Prediction) -> tuple[SafeString, tuple[str, ...]]:
    """Draws the page that tokens alone decode to, at its widest breakpoint; with its order."""
    order = order_of(surface, prediction.tokens_share.tolist())
    sizes = {b.id: int(c) for b, c in zip(surface.blocks, prediction.size_class, strict=True)}
    at = surface.widest
    shares = {b.id: float(p) for b, p in zip(surface.blocks, prediction.tokens_share, strict=True)}
    placed = pack(surface, order, sizes).placements[at.name]
    return mark_safe(picture(surface, at, placed, WIDTH, row=ROW, demand=shares)), order


def order_of(surface: Surface, scores: Sequence[float]) -> tuple[str, ...]:
    """Orders blocks by falling score, with pins and groups held in place."""
    ids = [block.id for block in surface.blocks]
    by_score = [ids[i] for i in np.argsort(-np.asarray(scores), kind="stable")]
    return apply_pins(surface, by_score, {})


def _code(
    surface: Surface, prediction: Prediction, index: int, count: int, usage: Usage, stage: int
) -> Code:
    svg, order = drawn(surface, prediction)
    first = next((b for b in order if b not in surface.pinned_ranks), order[0])
    return Code(
        index=index,
        count=count,
        share=count / usage.subjects if usage.subjects else 0.0,
        svg=svg,
        first=surface.block(first).title,
        slices=usage.split(stage - 1, index) if count else {},
    )
