"""Checks that blocks which lead on or help have one order on all surfaces (WCAG 2.2, 3.2.3, 3.2.6).

All surfaces of the database are one site. The first that declares two such blocks sets their order,
and one that contradicts it is not saved.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, Protocol

from uiengine.errors import SurfaceError
from uiengine.page import surface_json
from uiengine.page.consistency import contradictions
from uiengine.page.surface import MARKS
from uiengine.page.surface import Surface as EngineSurface


class Contradiction(NamedTuple):
    """Two blocks in the order in which another surface has them. rule: the guardrail."""

    rule: str
    first: str
    second: str
    slug: str

    @property
    def says(self) -> str:
        return f"{self.second!r} stands before {self.first!r} here, after it on {self.slug!r}"

    @property
    def next_step(self) -> str:
        mark = self.rule.removesuffix("_order")
        return (
            f"List {self.first!r} first here, too. To turn the order round on the whole site, take "
            f"the mark {mark} off here, save, reorder {self.slug!r}, and mark it here again."
        )


class Row(Protocol):
    """A stored surface."""

    def full_definition(self) -> dict[str, Any]: ...


def site_contradictions(surface: EngineSurface, others: Iterable[Row]) -> list[Contradiction]:
    """The contradictions to other surfaces. others: by age; read only if marks of `surface` ask."""
    if not any(sum(getattr(b, mark) for b in surface.blocks) > 1 for mark in MARKS):
        return []
    return [
        Contradiction(f"{mark}_order", first, second, other.slug)
        for other in _marked(others)
        for mark, first, second in contradictions(surface, other)
    ]


def refuse_contradictions(surface: EngineSurface, others: Iterable[Row]) -> None:
    """Raises SurfaceError that names the blocks, the surface and the next step."""
    for found in site_contradictions(surface, others):
        field = f"blocks[{surface.index[found.second]}]"
        raise SurfaceError(field, found.second, f"{found.rule}: {found.says}", found.next_step)


def _marked(rows: Iterable[Row]) -> Iterator[EngineSurface]:
    for row in rows:
        definition = row.full_definition()
        blocks = definition.get("blocks", ())
        if any(isinstance(b, dict) and any(b.get(mark) for mark in MARKS) for b in blocks):
            yield surface_json.parse(definition)
