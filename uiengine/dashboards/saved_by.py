"""Which tools saved a document, so that none is read as another's."""

from __future__ import annotations

from typing import Any

from uiengine.dashboards.document import at, found
from uiengine.dashboards.formats import FORMATS
from uiengine.dashboards.values import mapping, text
from uiengine.errors import DashboardError

INSIDE = ("attributes", "_source", "metadata")
"""Where a page keeps its title, if not at its top."""


def refuse_other_tools(document: Any, format: str) -> None:
    """Raises DashboardError for a document whose pages bear the marks of other tools alone.

    Pages are the outermost ones; what one holds inside, a panel's own settings perhaps, says
    nothing. A document without any tool's mark passes.
    """
    paths = found(document, lambda node: any(_savers(node)))
    tools = [_savers(at(document, path)) for path in paths]
    if not tools or any(format in savers for savers in tools):
        return
    page, savers = mapping(at(document, paths[0])), tools[0]
    inner = next((mapping(page[key]) for key in INSIDE if key in page), {})
    raise DashboardError(
        "file",
        text(
            *(
                kept.get(key)
                for kept in (page, inner)
                for key in ("title", "dashboard_title", "name")
            ),
            "a page",
        ),
        f"looks like a {' or a '.join(FORMATS[name].what for name in savers)}, "
        f"not a {FORMATS[format].what}",
        f"Choose the format of its tool: --format {' or '.join(savers)}.",
    )


def _savers(node: Any) -> list[str]:
    return [name for name, format in FORMATS.items() if format.marks(node)]
