"""Help texts that show a block as each tool saves it."""

from __future__ import annotations

from argparse import RawDescriptionHelpFormatter

from django.core.management.base import DjangoHelpFormatter

from uiengine.dashboards import FORMATS

ROWS = "A block, as each tool saves it:\n" + "\n".join(
    f"  {name}\n    {format.row}" for name, format in sorted(FORMATS.items())
)


class WithRows(DjangoHelpFormatter, RawDescriptionHelpFormatter):
    """Keeps the lines of the rows."""
