"""Measures the planner's trade-off between moves and gain, beside rules of thumb.

    python -m tests.evidence.frontier --version DIR --visits TEST.parquet

Every policy runs through the same visits in one run, with the same decoded tokens. `engine ×w`
multiplies the cost of a move by w; `threshold t` sorts by expected share, but swaps two neighbours
only where their shares differ by more than t; `hindsight` gives each user the one order that fits
all their visits. Prints a JSON line per policy and surface, and plots var/evidence/frontier.svg.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from unittest.mock import patch

import numpy as np

from ml.data.histories import RecordedVisit, pages, visits_of
from ml.data.tables import read_visits
from ml.evaluation.judge import judge
from ml.evaluation.policies import policy
from ml.evaluation.replay import replay, static_orders
from ml.evaluation.shown import Policy, Shown
from ml.judge import used_blocks
from uiengine import engine
from uiengine.cost.coefficients import VALUES
from uiengine.model.prediction import Prediction
from uiengine.model.version import CodebookVersion
from uiengine.model.version_folder import load_version
from uiengine.request import Request
from uiengine.search.assignment import last_order

WEIGHTS = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0)
THRESHOLDS = (0.02, 0.05, 0.1, 0.2)
SIMPLE = ("static", "mfu", "frecency")
PLOT = Path("var/evidence/frontier.svg")
Order = Callable[[Request, Prediction], tuple[str, ...]]


class Reader:
    """Decodes each visit once for all policies."""

    def __init__(self, version: CodebookVersion) -> None:
        self.version, self._known = version, dict[str, Prediction]()

    def policy(self, order: Order) -> Policy:
        def decide(requests: Sequence[Request]) -> list[Shown]:
            unknown = [r for r in requests if r.visit not in self._known]
            for request, prediction in zip(unknown, self.version.read(unknown), strict=True):
                self._known[request.visit] = prediction
            return [Shown(order(r, self._known[r.visit])) for r in requests]

        return decide


def planned(request: Request, prediction: Prediction) -> tuple[str, ...]:
    return engine.choose(request, prediction, "").layout.order


def sorted_past(threshold: float) -> Order:
    """Swaps neighbours of the last order whose shares differ by more than the threshold.

    A first visit has no last order, so any difference counts there.
    """

    def order(request: Request, prediction: Prediction) -> tuple[str, ...]:
        share = dict(zip(request.surface.index, prediction.share, strict=True))
        blocks = list(last_order(request))
        least = threshold if request.profile.order else 0.0
        for _ in blocks:
            for r in range(len(blocks) - 1):
                if share[blocks[r + 1]] - share[blocks[r]] > least:
                    blocks[r : r + 2] = blocks[r + 1], blocks[r]
        return tuple(blocks)

    return order


def hindsight(visits: Sequence[RecordedVisit]) -> Order:
    """Orders each user's blocks by their mean share over all visits, future ones included."""
    sums: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for visit in visits:
        for block in visit.blocks:
            sums[f"{visit.surface}\t{visit.user}"][block] += 1 / len(visit.blocks)

    def order(request: Request, prediction: Prediction) -> tuple[str, ...]:
        mine = sums[request.visit.rsplit("\t", 1)[0]]
        return tuple(sorted(request.surface.index, key=lambda b: -mine[b]))

    return order


def policies(
    reader: Reader, visits: Sequence[RecordedVisit], defaults: dict[str, list[str]]
) -> Iterator[tuple[str, float, Policy]]:
    """Yields name, weight of the cost of a move, and policy."""
    for name in SIMPLE:
        yield name, 1.0, policy(name, None, defaults, 64, 0)
    yield "eager", 1.0, reader.policy(sorted_past(0.0))
    for threshold in THRESHOLDS:
        yield f"threshold {threshold:g}", 1.0, reader.policy(sorted_past(threshold))
    for weight in WEIGHTS:
        yield f"engine ×{weight:g}", weight, reader.policy(planned)
    yield "hindsight", 1.0, reader.policy(hindsight(visits))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--version", type=Path, required=True)
    parser.add_argument("--visits", type=Path, required=True)
    options = parser.parse_args()
    frame, _ = read_visits([options.visits])
    visits, surfaces, used = visits_of(frame), pages([frame]), used_blocks(options.visits)
    version = load_version(options.version)
    defaults = static_orders(surfaces, version.default_orders)
    found: dict[str, dict[str, dict[str, float]]] = defaultdict(dict)
    for name, weight, decide in policies(Reader(version), visits, defaults):
        dear = {k: weight * VALUES[k] for k in ("surprise", "least_gain")}
        with patch.dict(VALUES, dear):
            for figures in judge(replay(visits, surfaces, defaults, decide), used):
                surface = figures.pop("surface")
                found[surface][name] = figures
                rounded = {k: round(v, 4) for k, v in figures.items()}
                print(json.dumps({"surface": surface, "policy": name, **rounded}), flush=True)
    plot(found)


def plot(found: dict[str, dict[str, dict[str, float]]]) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    shown = ("captured", "seconds", "reading")
    figure, axes = pyplot.subplots(len(found), len(shown), figsize=(13, 4 * len(found)))
    for row, (surface, by_policy) in zip(np.atleast_2d(axes), sorted(found.items()), strict=True):
        for axis, measure in zip(row, shown, strict=True):
            for family in ("engine", "threshold", ""):
                names = [n for n in by_policy if n.split(" ")[0] == family or not family]
                names = [
                    n for n in names if family or n.split(" ")[0] not in ("engine", "threshold")
                ]
                xs = [by_policy[n]["moved"] for n in names]
                ys = [by_policy[n][measure] for n in names]
                axis.plot(xs, ys, "o-" if family else "s", label=family or "others")
                for x, y, name in zip(xs, ys, names, strict=True):
                    axis.annotate(name.split(" ")[-1], (x, y), fontsize=7)
            axis.set(title=f"{surface}: {measure}", xlabel="blocks moved per visit")
        row[0].legend()
    figure.tight_layout()
    PLOT.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(PLOT)


if __name__ == "__main__":
    main()
