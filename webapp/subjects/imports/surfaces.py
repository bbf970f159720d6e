"""Creates a surface for imported visits whose surface is not defined yet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from webapp.lib import database
from webapp.surfaces.models import Surface
from webapp.surfaces.services import surface_save
from webapp.surfaces.signals import surface_defined

BREAKPOINTS = (
    {"name": "phone", "min_width": 0, "columns": 4, "viewport_height": 740},
    {"name": "tablet", "min_width": 768, "columns": 8, "viewport_height": 1024},
    {"name": "desktop", "min_width": 1200, "columns": 12, "viewport_height": 900},
)


def surfaces_ensure(blocks: Mapping[str, Mapping[str, int]], zone: str = "") -> list[str]:
    """Creates missing surfaces and returns their slugs; appends missing blocks to existing ones.

    blocks: by surface, the number of visits that used each block. The most used comes first.
    zone: of those that are made.
    """
    known = set(Surface.objects.filter(slug__in=blocks).values_list("slug", flat=True))
    made = sorted(set(blocks) - known)
    for slug in made:
        surface = surface_save(
            {**_definition(slug, blocks[slug]), **({"zone": zone} if zone else {})}
        )
        surface_defined.send(sender=Surface, surface=surface)
    for surface in Surface.objects.filter(slug__in=known):
        have = {block["id"] for block in surface.definition["blocks"]}
        if lacking := {b: n for b, n in blocks[surface.slug].items() if b not in have}:
            _append(surface, lacking)
    return made


@database.atomic
def _append(surface: Surface, lacking: Mapping[str, int]) -> None:
    """Appends blocks to the page as it is by now, whatever others save at the same time."""
    row = Surface.objects.select_for_update().get(pk=surface.pk)
    have = {block["id"] for block in row.definition["blocks"]}
    added = _blocks({block: count for block, count in lacking.items() if block not in have})
    blocks = [*row.definition["blocks"], *added]
    surface_save({**row.definition, "slug": row.slug, "title": row.title, "blocks": blocks})


def _definition(slug: str, blocks: Mapping[str, int]) -> dict[str, Any]:
    return {
        "slug": slug,
        "title": slug,
        "row_height": 120,
        "groups": [],
        "guardrails": {},
        "breakpoints": list(BREAKPOINTS),
        "blocks": _blocks(blocks),
    }


def _blocks(blocks: Mapping[str, int]) -> list[dict[str, Any]]:
    size = {"default": [4, 2], "min": [2, 1], "max": [12, 4]}
    ordered = sorted(blocks, key=lambda block: (-blocks[block], block))
    return [{"id": b, "kind": b, "title": _title(b), "sizes": {"*": size}} for b in ordered]


def _title(block: str) -> str:
    words = block.replace("_", " ").replace("-", " ").strip()
    return words[:1].upper() + words[1:] if words else block
