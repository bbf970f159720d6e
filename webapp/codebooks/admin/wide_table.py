"""Renders tables of an admin page that may be wider than it; pages load `wide.css` for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString


def wide_table(name: str, heads: Sequence[str], rows: Iterable[Sequence[object]]) -> SafeString:
    """Renders a table in a scroll area of its own, which the keyboard reaches.

    name: what a screen reader calls the area. rows: cells, the first of which is the row's header.
    """
    line = "<tr><th scope='row'>{}</th>" + "<td>{}</td>" * (len(heads) - 1) + "</tr>"
    return format_html(
        "<div class='wide' tabindex='0' role='region' aria-label='{}'>"
        "<table><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>",
        name,
        format_html_join("", "<th scope='col'>{}</th>", ((head,) for head in heads)),
        format_html_join("", line, rows),
    )
