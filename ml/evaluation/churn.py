"""Version churn: what changes for people who did nothing new, because the version alone did.

Each person's page of now is decided twice, under the champion and under the candidate, with the
same profile, popularity and day, and no new visit. A block counts as *moved* where its rank is
another than on the page last shown under the candidate, and the same under the champion: the
champion would have left it alone. *Elsewhere*: both move it, to different ranks. *Resized*: blocks
whose size class the candidate changes and the champion does not, or otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ml.progress import Progress
from uiengine import engine
from uiengine.decision import Decision
from uiengine.model.codebook import Codebook
from uiengine.model.prediction import Version
from uiengine.model.version_folder import load_version
from uiengine.request import Request
from uiengine.search.assignment import last_order
from uiengine.search.resizing import last_sizes

AT_ONCE = 256
"""People decoded in one batch."""


@dataclass(frozen=True)
class PersonChurn:
    """What a change of versions does to one person's page, in blocks.

    first: the person's first token under the champion, and under the candidate; empty where the
    person's wishes decide the page.
    """

    moved: int
    elsewhere: int
    resized: int
    first: tuple[int, ...]


def churn_each(
    requests: Sequence[Request],
    champion: Version,
    candidate: Version,
    progress: Progress = lambda share, text: None,
) -> list[PersonChurn]:
    """Compares both versions for each person; requests: of pages
    without exploration.

    Raises VersionError if a prediction is not finite.
    """
    found: list[PersonChurn] = []
    for begin in range(0, len(requests), AT_ONCE):
        some = requests[begin : begin + AT_ONCE]
        decided = [
            [
                engine.choose(*pair, version.id)
                for pair in zip(some, version.read(some), strict=True)
            ]
            for version in (champion, candidate)
        ]
        found += map(_compared, some, *decided)
        progress(len(found) / len(requests), f"churn of {len(found)} of {len(requests)} people")
    return found


def churn_means(each: Sequence[PersonChurn]) -> dict[str, Any]:
    """Returns means in blocks a person, and the share of people with tokens under both versions
    whose first one keeps its number; None where there is nobody."""
    first = [one.first for one in each if len(one.first) == 2]

    def mean(values: Sequence[float]) -> float | None:
        return round(float(np.mean(values)), 4) if values else None

    return {
        "people": len(each),
        "moved": mean([one.moved for one in each]),
        "people_moved": mean([one.moved > 0 for one in each]),
        "first_token_kept": mean([old == new for old, new in first]),
    }


def moved_by(requests: Sequence[Request], champion: Version) -> Callable[[Path], float]:
    """Returns what counts, for a version folder, the blocks a person that it moves."""

    def moved(folder: Path) -> float:
        found = churn_means(churn_each(requests, champion, load_version(folder)))
        return float(found["moved"] or 0.0)

    return moved


def _compared(request: Request, champion: Decision, candidate: Decision) -> PersonChurn:
    last = _ranks(last_order(request))
    moved, elsewhere = _changed(last, _ranks(champion.layout.order), _ranks(candidate.layout.order))
    sizes = [
        {block: given.get(block, 1) for block in last}
        for given in (last_sizes(request), champion.layout.sizes, candidate.layout.sizes)
    ]
    resized = sum(_changed(*sizes)) if request.surface.guardrails.sizes else 0
    return PersonChurn(moved, elsewhere, resized, champion.tokens[:1] + candidate.tokens[:1])


def _ranks(order: Sequence[str]) -> dict[str, int]:
    return {block: rank for rank, block in enumerate(order)}


def _changed(
    last: Mapping[str, int], champion: Mapping[str, int], candidate: Mapping[str, int]
) -> tuple[int, int]:
    """Counts blocks that the candidate alone changes, and those that both change differently."""
    other = [block for block in last if candidate[block] not in (last[block], champion[block])]
    alone = sum(champion[block] == last[block] for block in other)
    return alone, len(other) - alone


def numbers_alike(champion: Codebook, candidate: Codebook) -> frozenset[int]:
    """First tokens whose number means the same in both codebooks.

    A number does if the candidate's code of that number is nearer to the champion's code of the
    same number than to any other of the champion's; none do where latents differ in length.
    """
    if champion.codes.shape[2] != candidate.codes.shape[2]:
        return frozenset()
    old = champion.codes[0, : champion.codes_in_use[0]].astype(float)
    new = candidate.codes[0, : min(len(old), candidate.codes_in_use[0])].astype(float)
    apart = np.square(new[:, None] - old[None]).sum(axis=2)
    nearest = apart.argmin(axis=1)
    return frozenset(n for n, other in enumerate(nearest.tolist()) if n == other)
