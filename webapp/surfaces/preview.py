"""Layouts as SVG, one picture per breakpoint.

No inline styles, because the admin's content security policy refuses them.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from django.utils.translation import gettext as _

from uiengine.page.layout import Layout, Placement, pack
from uiengine.page.reading_order import default_order
from uiengine.page.surface import MARKS, Breakpoint, Surface

WIDTHS = (110, 360)
"""Width in px of the narrowest and the widest picture."""
ROW = 15
LETTER = 5.6
"""Width of a letter in px, at the pictures' font size."""
DARKEST = 0.55
"""Opacity of the most demanded block's shade; text on it stays readable."""


def default_layout_svg(surface: Surface) -> str:
    """The default layout at every breakpoint; words mark pinned and required blocks."""
    return layout_svg(surface, pack(surface, default_order(surface)))


def layout_svg(surface: Surface, layout: Layout, demand: Mapping[str, float] | None = None) -> str:
    """A layout at every breakpoint. demand: shares 0 to 1 by block, shown as shades."""
    widest = max(at.width for at in surface.breakpoints)
    figures = []
    for at in surface.breakpoints:
        width = max(WIDTHS[0], round(WIDTHS[1] * at.width / widest))
        drawn = picture(surface, at, layout.placements[at.name], width, demand=demand)
        says = _("{name}: from {width} px, {columns} columns")
        caption = escape(says.format(name=at.name, width=at.min_width, columns=at.columns))
        figures.append(f"<figure>{drawn}<figcaption>{caption}</figcaption></figure>")
    return f'<div class="layout-pictures">{"".join(figures)}</div>'


def picture(
    surface: Surface,
    at: Breakpoint,
    placed: tuple[Placement, ...],
    width: int,
    *,
    row: int = ROW,
    demand: Mapping[str, float] | None = None,
) -> str:
    """One breakpoint, `width` px wide, `row` px per grid row. Its label lists the order."""
    height = row * max(p.bottom for p in placed)
    most = max(demand.values(), default=0.0) if demand else 0.0
    boxes = "".join(
        _box(surface, p, (width / at.columns, row), (demand or {}).get(p.id), most) for p in placed
    )
    names = (_name(surface, p.id, (demand or {}).get(p.id)) for p in placed)
    label = escape(f"{at.name}: {', '.join(names)}")
    return (
        f'<svg class="layout-picture" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" role="img" aria-label="{label}" font-size="10" '
        f'font-family="sans-serif">{boxes}</svg>'
    )


def _name(surface: Surface, block_id: str, share: float | None) -> str:
    title = surface.block(block_id).title
    return title if share is None else f"{title} {share:.0%}"


def _box(
    surface: Surface,
    placed: Placement,
    cell: tuple[float, float],
    share: float | None,
    most: float,
) -> str:
    block = surface.block(placed.id)
    x, y = placed.x * cell[0] + 1, placed.y * cell[1] + 1
    w, h = placed.w * cell[0] - 2, placed.h * cell[1] - 2
    flags = ((_("pinned"), block.is_pinned), (_("required"), block.required))
    marks = [name for name, is_set in flags if is_set]
    words = [block.kind, *marks, *(mark for mark in MARKS if getattr(block, mark))]
    title = escape(f"{_name(surface, placed.id, share)} ({', '.join(words)})")
    place = f'x="{x:.1f}" y="{y:.1f}" width="{w:.1f}" height="{h:.1f}" rx="3"'
    fill = "#cfe3d8" if marks and share is None else "#eef1f5"
    shade = (
        f'<rect {place} fill="#1f6f8b" fill-opacity="{DARKEST * share / most:.2f}"/>'
        if (share and most)
        else ""
    )
    dashes = ' stroke-dasharray="4 2"' if block.is_pinned else ""
    return (
        f'<g><title>{title}</title><rect {place} fill="{fill}"/>{shade}'
        f'<rect {place} fill="none" stroke="#6b7785"{dashes}/>'
        f"{_text(block.title, share, (x, y, w, h))}</g>"
    )


def _text(title: str, share: float | None, box: tuple[float, float, float, float]) -> str:
    """The title, shortened to fit, with the share below or before it."""
    x, y, w, h = box
    fits = int((w - 6) / LETTER)
    if h < 11 or fits < 2:
        return ""
    says = "" if share is None else f"{share:.0%}"
    is_below = bool(says) and h >= 26
    if says and not is_below and fits >= len(says) + 4:
        title = f"{says} {title}"
    text = title if len(title) <= fits else title[: fits - 1] + "…"
    top = y + min(13.0, h / 2 + 4)
    drawn = f'<text x="{x + 4:.1f}" y="{top:.1f}" fill="#1c2430">{escape(text)}</text>'
    if is_below and fits >= len(says):
        drawn += f'<text x="{x + 4:.1f}" y="{top + 12:.1f}" fill="#1c2430">{says}</text>'
    return drawn
