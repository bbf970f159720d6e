"""Renders a card as nested tables for people."""

from __future__ import annotations

from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

MOST_ITEMS = 40
DEEPEST = 4


def card_html(value: Any, depth: int = 0) -> SafeString:
    """Renders a value as escaped HTML; long lists are cut with a note, and numbers are rounded."""
    if value in ({}, []):
        return SafeString("–")
    if isinstance(value, dict) and depth < DEEPEST:
        rows = ((_words(key), card_html(item, depth + 1)) for key, item in value.items())
        body = format_html_join("", "<tr><th scope='row'>{}</th><td>{}</td></tr>", rows)
        return format_html("<table class='card'>{}</table>", body)
    if isinstance(value, list) and isinstance(value[0], dict) and depth < DEEPEST:
        return _table(value, depth)
    if isinstance(value, list) and any(isinstance(item, str) and " " in item for item in value):
        return format_html(
            "<ul>{}</ul>", format_html_join("", "<li>{}</li>", ((v,) for v in value))
        )
    if isinstance(value, list):
        shown = ", ".join(_number(item) for item in value[:MOST_ITEMS])
        more = f" … and {len(value) - MOST_ITEMS} more" if len(value) > MOST_ITEMS else ""
        return format_html("{}{}", shown, more)
    return format_html("{}", _number(value))


def _table(rows: list[dict[str, Any]], depth: int) -> SafeString:
    names = list(rows[0])
    head = format_html_join("", "<th scope='col'>{}</th>", ((_words(n),) for n in names))
    lines = []
    for row in rows[:MOST_ITEMS]:
        cells = ((card_html(row.get(name), depth + 1),) for name in names)
        lines.append((format_html_join("", "<td>{}</td>", cells),))
    body = format_html_join("", "<tr>{}</tr>", lines)
    return format_html("<table class='card'><tr>{}</tr>{}</table>", head, body)


def _words(name: str) -> str:
    return str(name).replace("_", " ")


def _number(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "–"}[value]
    if isinstance(value, float):
        return f"{value:.4g}"
    return str(value)
