"""Learns a version's layout part with a bar on the terminal, for the commands."""

from __future__ import annotations

from collections.abc import Sequence

from ml.cli import progress_bar
from ml.layouts.loop import SMOKE, WHOLE
from ml.layouts.part import learn_layouts
from ml.layouts.records import Record
from ml.versions.folder import ExportedLayouts

SMOKE_LAYOUTS = 12
"""Number of layouts in a smoke run."""


def learn_layout_part(
    records: Sequence[Record], *, seed: int, is_smoke: bool = False
) -> ExportedLayouts:
    """Learns a layout part with a progress bar. Raises DataError if no layout has an item."""
    bar, show = progress_bar("layouts")
    with bar:
        effort = SMOKE if is_smoke else WHOLE
        chosen = records[:SMOKE_LAYOUTS] if is_smoke else records
        return learn_layouts(chosen, seed=seed, effort=effort, progress=show)
