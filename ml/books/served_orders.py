"""What a new version would have served to people it learned from: the orders of its books.

A sample of them is replayed under the finished version. An order is kept with the commonest tokens
of those it was shown to, and only where enough people were shown it, since books are public.
"""

from __future__ import annotations

import zlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from ml.data.histories import RecordedVisit, visits_of
from ml.data.sums import Sums
from ml.evaluation.engine_policy import unexplained
from ml.evaluation.replay import declared_orders, replay
from ml.progress import Progress
from ml.versions.folder import add_file
from uiengine.model.served_order import FILE, ServedOrder, to_json
from uiengine.model.version_folder import load_version
from uiengine.page.surface import Surface

MOST_VISITS = 10_000
"""Visits per surface that are replayed, of whole people."""
LEAST_PEOPLE = 5
"""Smallest number of people who must have been shown an order."""
MOST_ORDERS = 512


def learn_served(
    folder: Path,
    visits: pd.DataFrame,
    surfaces: Mapping[str, Surface],
    progress: Progress = lambda share, text: None,
    everyone: Sums | None = None,
) -> str:
    """Adds the served orders to a version folder; returns the id that the version has then.

    everyone: what all people did, where the visits are of a sample; None: what these did.
    """
    version, recorded = load_version(folder), visits_of(visits)
    served: dict[str, list[ServedOrder]] = {}
    popular = (everyone or Sums.of(recorded)).popularity()
    for number, slug in enumerate(sorted(set(version.surfaces) & surfaces.keys())):

        def show(share: float, at: str, slug: str = slug, number: int = number) -> None:
            progress((number + share) / len(surfaces), f"orders of {slug}: {at}")

        there = [visit for visit in recorded if visit.surface == slug]
        chosen = sample_of(there, MOST_VISITS)
        here = [visit for visit in there if visit.user in chosen]
        known = {(slug, v.day): popular[slug].before(v.day) for v in here}
        pages = {slug: surfaces[slug]}
        defaults = declared_orders(pages)
        decide = unexplained(version)
        shown: dict[tuple[str, ...], _Shown] = defaultdict(_Shown)
        for line in replay(here, pages, defaults, decide, show, popularity=known):
            order = tuple(box["id"] for box in line["layout"])
            shown[order].add(line["user"], tuple(line["tokens"]))
        if rows := _frequent(shown):
            served[slug] = rows
    return add_file(folder, FILE, to_json(served))


class _Shown:
    """The people who were shown an order, and their tokens at these visits."""

    def __init__(self) -> None:
        self.people: set[str] = set()
        self.tokens: Counter[tuple[int, ...]] = Counter()

    def add(self, user: str, tokens: tuple[int, ...]) -> None:
        self.people.add(user)
        self.tokens[tokens] += 1


def sample_of(visits: Sequence[RecordedVisit], most: int) -> frozenset[str]:
    """People, by a hash of their names, with at most `most` visits together; one at least."""
    return few_of(Counter(visit.user for visit in visits), most)


def few_of(counts: Mapping[str, int], most: int) -> frozenset[str]:
    """`sample_of` people with these numbers of visits."""
    chosen: list[str] = []
    total = 0
    for user in sorted(counts, key=lambda user: (zlib.crc32(user.encode()), user)):
        total += counts[user]
        if chosen and total > most:
            break
        chosen.append(user)
    return frozenset(chosen)


def _frequent(shown: Mapping[tuple[str, ...], _Shown]) -> list[ServedOrder]:
    rows = [
        ServedOrder(
            order, min(found.tokens, key=lambda t: (-found.tokens[t], t)), found.tokens.total()
        )
        for order, found in shown.items()
        if len(found.people) >= LEAST_PEOPLE
    ]
    return sorted(rows, key=lambda row: (-row.visits, row.order))[:MOST_ORDERS]
