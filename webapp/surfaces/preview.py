"""The default layout of a surface as SVG, a picture per breakpoint."""

from __future__ import annotations

from html import escape

from uiengine.layout import Placement
from uiengine.orders import default_order
from uiengine.packing import pack
from uiengine.surface import Breakpoint, Surface

WIDTHS = (110, 360)
"""Pixels of the narrowest and the widest picture."""
ROW = 22


def default_layout_svg(surface: Surface) -> str:
    """Escaped; pinned and required blocks are marked in words."""
    layout = pack(surface, default_order(surface))
    widest = max(at.width for at in surface.breakpoints)
    pictures = [
        _picture(surface, at, layout.placements[at.name], at.width / widest)
        for at in surface.breakpoints
    ]
    return f'<div style="display:flex;flex-wrap:wrap;gap:16px">{"".join(pictures)}</div>'


def _picture(surface: Surface, at: Breakpoint, placed: tuple[Placement, ...], share: float) -> str:
    width = max(WIDTHS[0], round(WIDTHS[1] * share))
    height = ROW * max(p.bottom for p in placed)
    boxes = "".join(_box(surface, p, width / at.columns) for p in placed)
    name = escape(f"{at.name}: from {at.min_width} px, {at.columns} columns")
    return (
        f'<figure style="margin:0"><svg width="{width}" height="{height}" role="img" '
        f'aria-label="{name}" font-size="10" font-family="sans-serif">{boxes}</svg>'
        f'<figcaption style="font-size:11px">{name}</figcaption></figure>'
    )


def _box(surface: Surface, placed: Placement, column: float) -> str:
    block = surface.block(placed.id)
    x, y = placed.x * column + 1, placed.y * ROW + 1
    w, h = placed.w * column - 2, placed.h * ROW - 2
    marks = [
        m for m, is_set in (("pinned", block.is_pinned), ("required", block.required)) if is_set
    ]
    title = escape(f"{block.title} ({', '.join([block.kind, *marks])})")
    fits = max(int(w / 5.5), 1)
    text = block.title if len(block.title) <= fits else block.title[: fits - 1] + "…"
    fill = "#cfe3d8" if marks else "#e4e8ee"
    return (
        f'<g><title>{title}</title><rect x="{x:.1f}" y="{y}" width="{w:.1f}" height="{h}" rx="3" '
        f'fill="{fill}" stroke="#6b7785"/><text x="{x + 4:.1f}" y="{y + 13}" fill="#1c2430">'
        f"{escape(text)}</text></g>"
    )
