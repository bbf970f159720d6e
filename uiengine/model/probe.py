"""Decodes made-up subjects with a version that has just been loaded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

from uiengine.behaviour.popularity import Popularity, fold_day
from uiengine.behaviour.profile import Profile, fold_visit
from uiengine.errors import VersionError
from uiengine.model.version import CodebookVersion
from uiengine.page.surface import Block, Breakpoint, Size, SizeLimits, Surface
from uiengine.request import Request

TODAY = 100
VISITS = (0, 1, 4, 40)
"""Visits of the made-up subjects; one of them is new."""
MOST_KINDS = 11
"""Kinds of the version on the made-up page; one more is unknown to it."""


def probe(version: CodebookVersion) -> None:
    """Reads made-up subjects on two made-up pages, without and with a popularity.

    Nothing is kept in the version's memory. Raises VersionError if a network's output is not
    finite, and ValueError if it cannot be run at all.
    """
    kinds = [*islice(version.kinds, MOST_KINDS), "a kind that is new"]
    aside = replace(version, _described={}, _pages={})
    for surface in (_page(kinds), _page(kinds[:1])):
        try:
            aside.read(list(_requests(surface)))
        except VersionError:
            raise
        except Exception as error:  # onnxruntime has an exception class for each kind of failure
            raise ValueError(f"its networks cannot be run: {error}") from error


def _page(kinds: Sequence[str]) -> Surface:
    sizes = {"probe": SizeLimits(Size(2, 2), Size(1, 1))}
    blocks = tuple(Block(f"b{i}", kind, kind, sizes) for i, kind in enumerate(kinds))
    return Surface("probe", blocks, (Breakpoint("probe", 1200, 12, 800),))


def _requests(surface: Surface) -> Iterator[Request]:
    blocks = [block.id for block in surface.blocks]
    used = fold_day(Popularity(), TODAY - 1, {b: 1.0 for b in blocks}, 3)
    for visits in VISITS:
        profile = Profile()
        for visit in range(visits):
            day = TODAY - visits + visit
            fold_visit(profile, day, {blocks[visit % len(blocks)], blocks[0]}, blocks)
        for popularity in (Popularity(), used):
            yield Request(surface, profile, popularity, TODAY)
