"""What a limit on the visits that are learned from costs: the gain on held-back people over it.

People are drawn as the product draws them (`ml.data.sample`), and each walks through a past in
which everybody counts. A second seed shows the noise.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import torch

from ml.data.sample import draw
from ml.experiments.decoding import codebook, through_tokens
from ml.experiments.judging import Line, gains, ranks_of
from ml.experiments.split import Split
from ml.learning.loop import fit
from ml.learning.settings import Settings
from ml.progress import named_part

LIMITS = {"5,000": 5_000, "20,000": 20_000, "80,000": 80_000, "no limit": None}
"""Visits of all surfaces of the files together."""
SEEDS = 2
NAMES = tuple(LIMITS)
Show = Callable[[float, str], None]


def limits(
    split: Split, settings: Settings, seed: int, show: Show, names: Sequence[str] = NAMES
) -> Iterator[Line]:
    """Yields a line per limit, seed and surface."""
    everyone, side = split.train.examples, split.test
    for done, name in enumerate(names):
        rows = drawn_rows(everyone.users, LIMITS[name])
        train = everyone if rows is None else everyone.only(rows)
        for number in range(SEEDS):
            started, of = time.perf_counter(), seed + number
            part = named_part(show, SEEDS * done + number, SEEDS * len(names), name)
            fitted = fit(train, split.kinds, settings, seed=of, progress=part)
            seconds = round(time.perf_counter() - started, 1)
            found = through_tokens(fitted, codebook(fitted, train, of), side.examples)
            facts = {"learned_visits": len(train), "learned_people": len(set(train.users))}
            for line in gains(ranks_of(found.eager, side), side):
                yield {"part": name, "seed": of, **facts, **line, "train_seconds": seconds}


def drawn_rows(users: Sequence[tuple[str, str]], most: int | None) -> torch.Tensor | None:
    """Returns the rows of those who are drawn, each surface by its share of the visits.

    users: (surface, user) of each visit. None means all of them.
    """
    if most is None or most >= len(users):
        return None
    counts = Counter(users)
    chosen: set[tuple[str, str]] = set()
    for surface in sorted({surface for surface, _ in counts}):
        here = {user: count for (slug, user), count in counts.items() if slug == surface}
        share = most * sum(here.values()) // len(users)
        chosen |= {(surface, user) for user in draw(surface, here, share).users}
    return torch.tensor([i for i, user in enumerate(users) if user in chosen])
