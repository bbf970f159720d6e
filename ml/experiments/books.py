"""What a byte is worth: books of 4 to 256 entries beside the engine and the residual tokens.

    python -m ml.experiments.books --version VERSION/ --test later.parquet

Replays the visits under each policy and prints a table. *Of the engine's gain* is Σ (rank under the
static order − rank shown) over the used blocks, as a share of the engine's, with the 95 % interval
of 2,000 draws of people.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ml.cli import VISITS, command, existing_version, progress_bar
from ml.data.errors import DataError
from ml.data.histories import RecordedVisit, pages, visits_of
from ml.data.tables import read_visits
from ml.evaluation.judge import judge
from ml.evaluation.policies import policy
from ml.evaluation.replay import replay, static_orders
from uiengine.model.version import CodebookVersion
from uiengine.model.version_folder import load_version
from uiengine.page.surface import Surface

ENTRIES, BITS = (4, 16, 64, 256), (8, 64)
DRAWS = 2000
Line = Mapping[str, Any]
COLUMNS = ("captured", "captured_first_three", "seconds", "reading", "moved")


@dataclass(frozen=True)
class Shown:
    """A policy's judged figures per surface, and each person's gain in ranks there."""

    name: str
    figures: Mapping[str, Line]
    gains: Mapping[str, Mapping[str, float]]


def compared(version: CodebookVersion, visits: Sequence[RecordedVisit]) -> Iterator[Shown]:
    """Yields the engine first, then residual tokens, then books."""
    blocks: dict[tuple[str, str, str], list[str]] = {
        (v.surface, v.user, v.at): list(v.blocks) for v in visits
    }
    surfaces = _surfaces(version, visits)
    orders = static_orders(surfaces, version.default_orders)
    asked = [("engine", "engine", 64, 256)]
    asked += [(f"residual tokens, {bits} bits", "tokens", bits, 256) for bits in BITS]
    asked += [(f"book, {_bits(count)} bits", "book", 64, count) for count in ENTRIES]
    for label, name, bits, entries in asked:
        decide = policy(name, version, orders, bits, 0, entries)
        bar, show = progress_bar(label)
        with bar:
            lines = list(replay(visits, surfaces, orders, decide, show))
        figures = {line["surface"]: line for line in judge(lines, blocks)}
        yield Shown(label, figures, _gains(lines, visits))


def _bits(entries: int) -> int:
    return entries.bit_length() - 1


def _surfaces(version: CodebookVersion, visits: Sequence[RecordedVisit]) -> dict[str, Surface]:
    tested = {v.surface for v in visits}
    rows = [(v.surface, block) for v in visits for block in v.blocks]
    known = version.default_orders.items()
    rows += [(slug, block) for slug, order in known if slug in tested for block in order]
    return pages([pd.DataFrame(rows, columns=["surface", "block"])])


def _gains(lines: Sequence[Line], visits: Sequence[RecordedVisit]) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for line, visit in zip(lines, visits, strict=True):
        ranks = {item["id"]: rank for rank, item in enumerate(line["layout"])}
        static = {block: rank for rank, block in enumerate(line["default"])}
        saved = sum(static[b] - ranks[b] for b in visit.blocks) / len(visit.blocks)
        found[visit.surface][visit.user] += saved
    return found


def share_of(shown: Mapping[str, float], engine: Mapping[str, float]) -> tuple[float, float, float]:
    """Σ shown / Σ engine over people, with its 95 % percentile interval over DRAWS draws."""
    people = sorted(engine)
    pairs = np.array([(shown[person], engine[person]) for person in people])
    drawn = np.random.default_rng(0).integers(0, len(people), (DRAWS, len(people)))
    sums = pairs[drawn].sum(axis=1)
    low, high = np.quantile(sums[:, 0] / sums[:, 1], [0.025, 0.975])
    return float(pairs[:, 0].sum() / pairs[:, 1].sum()), float(low), float(high)


def table(found: Sequence[Shown]) -> str:
    """The figures as Markdown, a row per surface and policy."""
    head = ["page", "policy", "captured", "first three", "seconds", "reading", "moved"]
    rows = [[*head, "of the engine's gain"], ["---"] * (len(head) + 1)]
    engine = found[0]
    for slug in sorted(engine.figures):
        for shown in found:
            figures = [f"{shown.figures[slug][name]:.3f}" for name in COLUMNS]
            share, low, high = share_of(shown.gains[slug], engine.gains[slug])
            rows.append([slug, shown.name, *figures, f"{share:.3f} ({low:.3f} to {high:.3f})"])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = command("ml.experiments.books", __doc__, VISITS)
    parser.add_argument("--version", type=existing_version, required=True, help="version folder")
    parser.add_argument("--test", required=True, help="visits of people it never learned from")
    options: argparse.Namespace = parser.parse_args(arguments)
    try:
        visits = visits_of(read_visits([options.test])[0])
    except DataError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    found = list(compared(load_version(options.version, threads=2), visits))
    for shown in found:
        for slug, line in sorted(shown.figures.items()):
            kept = {name: round(line[name], 4) for name in COLUMNS}
            row = {"policy": shown.name, "surface": slug, **kept}
            sys.stdout.write(json.dumps(row) + "\n")
    sys.stdout.write(f"\n{table(found)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
