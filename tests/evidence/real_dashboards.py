"""Surveys dashboards that other tools saved: how many become surfaces, and come back unchanged.

    python -m tests.evidence.real_dashboards FOLDER... [--format grafana]

Walks the JSON, YAML and ZIP files of folders, and of the newest commit of git directories. A file
counts as a tool's dashboard by the tool's own marks; with --format, by its panels alone, so that
one without marks counts, too. Panels are looked for by rules of their own, not by the importer's.
Each dashboard with panels is imported; its default layout is written into it, which should give
the same JSON; then its blocks in the opposite order, which should be read back so. Exits with 1
where a tool has less than --least % imported, or any imported dashboard is not as it should be.
Without a folder, --smoke surveys the small pages that the tests have.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.evidence.dashboard_files import files_of
from tests.evidence.dashboard_panels import has_panels
from tests.uiengine.dashboards.samples import EVERY
from uiengine.dashboards import FORMATS, layout_into, surface_of
from uiengine.dashboards.document import found
from uiengine.errors import EngineError
from uiengine.page import feasibility, surface_json
from uiengine.page.layout import pack
from uiengine.page.reading_order import apply_pins, default_order
from webapp.surfaces.dashboards import files


@dataclass
class Tally:
    """Of one tool. refused: by reason, how often; examples: a file's name for each."""

    files: int = 0
    with_panels: int = 0
    imported: int = 0
    round_tripped: int = 0
    rearranged: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)

    def missed(self, reason: str, name: str) -> None:
        self.refused[reason] += 1
        self.examples.setdefault(reason, name)

    def is_enough(self, least: float) -> bool:
        whole = self.round_tripped == self.rearranged == self.imported
        return whole and self.imported * 100 >= least * self.with_panels


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", nargs="*", type=Path, metavar="FOLDER")
    parser.add_argument("--format", choices=sorted(FORMATS), help="the tool of all files")
    parser.add_argument("--least", type=float, default=95.0, help="percent to import (95)")
    parser.add_argument("--smoke", action="store_true", help="survey the tests' own pages")
    options = parser.parse_args(arguments)
    if bool(options.folders) == options.smoke:
        parser.error("name a folder, or --smoke")
    with tempfile.TemporaryDirectory() as folder:
        if options.smoke:
            _write_samples(Path(folder))
        tallies, others = surveyed(options.folders or [Path(folder)], options.format)
    is_enough = bool(tallies) and all(t.is_enough(options.least) for t in tallies.values())
    _print(tallies, others, is_enough)
    sys.exit(not is_enough)


def _write_samples(folder: Path) -> None:
    for name, (_, document) in EVERY.items():
        (folder / f"{name}.json").write_text(json.dumps(document))


def surveyed(folders: Sequence[Path], format: str | None) -> tuple[dict[str, Tally], Counter[str]]:
    """Tallies by tool; and how many files are no dashboard, or cannot be read at all."""
    tallies: dict[str, Tally] = {}
    others: Counter[str] = Counter()
    for folder in folders:
        for name, content in files_of(folder):
            try:
                document = files.read(content, name)
            except EngineError:
                others["unread"] += 1
                continue
            tool = format if format and has_panels(document, format) else _tool(document, format)
            if tool is None:
                others["no dashboard"] += 1
                continue
            _survey(tallies.setdefault(tool, Tally()), document, tool, f"{folder}: {name}")
    return tallies, others


def _tool(document: Any, format: str | None) -> str | None:
    """The tool whose mark stands outermost, or None where there is none of `format`."""
    depths = {
        name: min((len(path) for path in found(document, kind.marks)), default=None)
        for name, kind in FORMATS.items()
        if format in (None, name)
    }
    marked = {name: depth for name, depth in depths.items() if depth is not None}
    return min(marked, key=lambda name: marked[name], default=None)


def _survey(tally: Tally, document: Any, format: str, name: str) -> None:
    tally.files += 1
    if not has_panels(document, format):
        return
    tally.with_panels += 1
    try:
        surface = surface_json.parse(surface_of(document, format)[0])
        feasibility.refuse_impossible(surface)
    except EngineError as error:
        tally.missed(f"{error.field}: {re.sub('[0-9]+', 'N', error.problem)}", name)
        return
    tally.imported += 1
    order = default_order(surface)
    if layout_into(document, format, pack(surface, order)) == document:
        tally.round_tripped += 1
    else:
        tally.missed("the default layout is written otherwise", name)
    wanted = apply_pins(surface, order[::-1], {})
    written = layout_into(document, format, pack(surface, wanted))
    if default_order(surface_json.parse(surface_of(written, format)[0])) == wanted:
        tally.rearranged += 1
    else:
        tally.missed("the opposite order is read back otherwise", name)


def _print(tallies: Mapping[str, Tally], others: Mapping[str, int], is_enough: bool) -> None:
    for format, tally in sorted(tallies.items()):
        print(
            f"{format}: {tally.files} files, {tally.with_panels} with panels, "
            f"{tally.imported} imported, {tally.round_tripped} round-tripped, "
            f"{tally.rearranged} rearranged and read back"
        )
        for reason, count in tally.refused.most_common():
            print(f"  {count} × {reason} ({tally.examples[reason]})")
    told = {
        format: {key: value for key, value in vars(tally).items() if key != "examples"}
        for format, tally in sorted(tallies.items())
    }
    print(json.dumps({"dashboards": told, "others": others, "is_enough": is_enough}))


if __name__ == "__main__":
    main()
