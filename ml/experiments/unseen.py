"""Judges courses left out of training, with alphabetical order as the baseline."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from ml.data.histories import RecordedVisit, pages, visits_of
from ml.data.sums import mean_shares
from ml.experiments.decoding import codebook, through_tokens
from ml.experiments.judging import Line, gains, ranks_of
from ml.experiments.split import Side, some_rows
from ml.learning.alignment import renumbered
from ml.learning.building import build_examples
from ml.learning.examples import Examples
from ml.learning.loop import fit
from ml.learning.settings import Settings
from ml.progress import named_part
from uiengine.page.surface import Surface

Show = Callable[[float, str], None]
NAMES = ("AAA", "BBB", "CCC", "DDD")
"""Courses that can be left out alone."""


def unseen(
    visits: pd.DataFrame,
    settings: Settings,
    seed: int,
    show: Show,
    names: Sequence[str] = NAMES,
) -> Iterator[Line]:
    """Yields lines per left-out surface: our model, and the kinds' popularity on other surfaces.

    names: of `NAMES`, those to leave out; surfaces of other names are always left out in turn.
    """
    surfaces = pages([visits])
    rows = visits_of(visits)
    priors = mean_shares(rows)
    kinds = {k: i + 1 for i, k in enumerate(sorted({b for v in rows for b in v.blocks}))}
    known = build_examples(rows, surfaces, kinds, priors, seed)
    bare = build_examples(rows, surfaces, kinds, {}, seed)
    of = np.array([v.surface for v in rows])
    left_out = [slug for slug in sorted(surfaces) if slug in names or slug not in NAMES]
    for done, slug in enumerate(left_out):
        learned = sorted({b for v in rows if v.surface != slug for b in v.blocks})
        numbers = {kind: i + 1 for i, kind in enumerate(learned)}
        train = renumbered(known.only(some_rows(of != slug)), kinds, numbers)
        here = some_rows(of == slug)
        side = _alphabetical([rows[i] for i in here.tolist()], bare.only(here))
        side = replace(side, examples=renumbered(side.examples, kinds, numbers))
        fitted = fit(
            train,
            numbers,
            settings,
            seed=seed,
            progress=named_part(show, done, len(left_out), slug),
        )
        found = through_tokens(fitted, codebook(fitted, train, seed), side.examples)
        by_kind = np.tile(_by_kind(priors, surfaces, slug), (len(here), 1))
        width = side.static.shape[1]
        by_kind = np.pad(by_kind, ((0, 0), (0, width - by_kind.shape[1])))
        for name, scores in (
            ("eager", found.eager),
            ("tokens", found.tokens),
            ("popularity by kind", by_kind),
        ):
            for line in gains(ranks_of(scores, side), side):
                yield {"part": slug, "policy": name, **line}


def _alphabetical(visits: Sequence[RecordedVisit], examples: Examples) -> Side:
    """Takes the order of columns as the static order, as blocks are declared alphabetically."""
    shape = (len(examples), examples.width)
    return Side(visits, examples, np.broadcast_to(np.arange(examples.width), shape))


def _by_kind(
    priors: Mapping[str, Mapping[str, Sequence[float]]], surfaces: Mapping[str, Surface], slug: str
) -> np.ndarray:
    """Mean share of each block's kind over the other surfaces that have it; 0 where none has."""
    found = []
    for block in surfaces[slug].blocks:
        shares = [p[block.id][0] for s, p in priors.items() if s != slug and block.id in p]
        found.append(float(np.mean(shares)) if shares else 0.0)
    return np.array(found)
