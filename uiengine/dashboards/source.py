"""Finds the page in a document, whatever it is wrapped in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from uiengine.dashboards.document import Path, at, found
from uiengine.dashboards.values import mapping, text
from uiengine.errors import DashboardError


def page_in(
    document: Any, is_page: Callable[[Any], bool], what: str, keys: str
) -> tuple[Path, dict[str, Any], tuple[str, ...]]:
    """The path and node of the first page, and notes on further ones.

    what: what the tool calls it; keys: what it would have. Raises DashboardError where there is
    none.
    """
    paths = found(document, is_page)
    if not paths:
        raise DashboardError(
            "file",
            _shown(document),
            f"holds no {what}",
            f"A {what} has {keys}. Name the format of the tool that saved it.",
        )
    first, *others = paths
    names = ", ".join(repr(_title(document, path)) for path in others[:5])
    more = f" and {len(others) - 5} more" if len(others) > 5 else ""
    notes = (
        (f"Of {len(paths)} pages in the file, the first is taken; {names}{more} stay as they are.",)
        if others
        else ()
    )
    return first, at(document, first), notes


def _shown(document: Any) -> str:
    """What a file without a page holds: its keys, its text, or how many values."""
    if isinstance(document, dict):
        return ", ".join(sorted(map(str, document))[:8]) or "an empty object"
    if isinstance(document, list):
        return f"a list of {len(document)}" if document else "an empty list"
    return text(document)[:60] or "nothing"


def _title(document: Any, path: Path) -> str:
    node = mapping(at(document, path))
    inner = mapping(node.get("attributes"))
    return text(node.get("title"), inner.get("title"), node.get("name"), "a page")
