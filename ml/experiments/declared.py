"""Compares policies on declared pages with simulated people whose needs are known.

    python -m ml.experiments.declared --people 200 --visits 30

Boosting and the retrained version learn from half as many other people of the same pages. All
visits are simulated by `ml.data.needs`, the same for every policy. Prints a JSON line for each page
and policy, then a table of all pages together.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ml.cli import existing_version, progress_bar
from ml.data.histories import visits_of
from ml.data.needs import people_with_needs
from ml.data.surface_files import read_surfaces
from ml.data.tables import check_visits
from ml.evaluation.declared import judge_declared, whole
from ml.evaluation.policies import by_value, policy
from ml.evaluation.replay import declared_orders, replay
from ml.evaluation.shown import Policy, Shown
from ml.experiments.peers import boosting
from ml.experiments.split import prepare
from ml.training.train import train_version
from uiengine.model.version_folder import load_version
from uiengine.page.surface import Surface
from uiengine.request import Request

POLICIES = ("static", "mfu", "frecency", "boosting", "engine", "engine, retrained")
COLUMNS = (
    ("one_block_best", "one block, best place"),
    ("favourite_first", "favourite first"),
    ("stranger_ahead_made", "stranger put ahead"),
    ("stranger_ahead_waiting", "… still ahead"),
    ("captured_in_group", "captured in groups"),
    ("captured_in_group_first_three", "… first three"),
    ("moved", "moved a visit"),
    ("under_least_gain", "moves under the least gain"),
    ("under_least_gain_by_rule", "… by rule"),
    ("pixels", "px to used"),
    ("scrolling", "px scrolled"),
    ("sentences_false", "false sentences"),
    ("sentences", "of"),
)


def compared(
    surfaces: Mapping[str, Surface],
    people: int,
    visits: int,
    *,
    version: Path,
    seed: int = 0,
    policies: Sequence[str] = POLICIES[:-1],
) -> Iterator[dict[str, Any]]:
    """Yields a line for each policy and page, and one for all pages together (surface "all")."""
    learners, judged = (
        _simulated(surfaces, count, visits, seed + more, name)
        for count, more, name in ((people // 2, 1, "learner"), (people, 0, "simulated"))
    )
    defaults = declared_orders(surfaces)
    recorded = visits_of(judged)
    used = {(v.surface, v.user, v.at): list(v.blocks) for v in recorded}
    for name in policies:
        decide = _policy(name, surfaces, learners, judged, version, seed)
        bar, show = progress_bar(name)
        with bar:
            rows = replay(recorded, surfaces, defaults, decide, show, is_declared=True)
            found = list(judge_declared(rows, used, surfaces))
        for line in [*found, whole(found)]:
            yield {"name": "declared_pages", "policy": name, "simulated": True, **line}


def _simulated(
    surfaces: Mapping[str, Surface], people: int, visits: int, seed: int, name: str
) -> pd.DataFrame:
    frames = [people_with_needs(s, people, visits, seed, name)[0] for s in surfaces.values()]
    return check_visits(pd.concat(frames, ignore_index=True), "simulated")[0]


def _policy(
    name: str,
    surfaces: Mapping[str, Surface],
    learners: pd.DataFrame,
    judged: pd.DataFrame,
    version: Path,
    seed: int,
) -> Policy:
    defaults = declared_orders(surfaces)
    if name == "boosting":
        return _boosting(surfaces, learners, judged, defaults, seed)
    if not name.startswith("engine"):
        return policy(name, None, defaults, 64, seed)
    with tempfile.TemporaryDirectory() as folder:
        if name == "engine, retrained":
            out = Path(folder) / "version"
            bar, show = progress_bar("training")
            with bar:
                train_version(
                    learners, out, surfaces=surfaces, innate=version, seed=seed, progress=show
                )
            version = out
        return policy("engine", load_version(version, threads=2), defaults, 64, seed)


def _boosting(
    surfaces: Mapping[str, Surface],
    learners: pd.DataFrame,
    judged: pd.DataFrame,
    defaults: Mapping[str, Sequence[str]],
    seed: int,
) -> Policy:
    """Gradient boosting of a block's share, as among the peers, ordered within groups."""
    split = prepare(learners, judged, seed, surfaces=surfaces)
    scores = boosting(split, seed)
    of = {
        f"{v.surface}\t{v.user}\t{v.at}": score
        for v, score in zip(split.test.visits, scores, strict=True)
    }

    def shown(request: Request) -> Shown:
        score: np.ndarray = of[request.visit]
        index = request.surface.index
        return Shown(by_value(request, lambda block: float(score[index[block]]), defaults))

    return lambda requests: [shown(request) for request in requests]


def table(lines: Sequence[Mapping[str, Any]]) -> str:
    """The lines of all pages together as a Markdown table, a row per policy."""
    rows = [["policy", *(title for _, title in COLUMNS)], ["---"] * (len(COLUMNS) + 1)]
    for line in lines:
        if line["surface"] == "all":
            rows.append([line["policy"], *(_shown(line[name]) for name, _ in COLUMNS)])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _shown(value: float | None) -> str:
    if value is None:
        return "-"
    return (
        f"{value:,}" if isinstance(value, int) else f"{value:.3f}" if value < 10 else f"{value:.0f}"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m ml.experiments.declared", description=__doc__)
    pages = sorted(Path("fixtures/surfaces").glob("*.json"))
    parser.add_argument("--surface", type=Path, nargs="+", default=pages, help="declared pages")
    parser.add_argument("--people", type=int, default=200, help="judged on each page")
    parser.add_argument("--visits", type=int, default=30, help="of each person")
    parser.add_argument("--version", type=existing_version, default=Path("fixtures/innate"))
    parser.add_argument("--policy", nargs="+", choices=POLICIES, default=POLICIES, dest="policies")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    lines = []
    for line in compared(
        read_surfaces(options.surface),
        options.people,
        options.visits,
        version=options.version,
        seed=options.seed,
        policies=options.policies,
    ):
        line.pop("sums")
        rounded = {k: round(v, 4) if isinstance(v, float) else v for k, v in line.items()}
        lines.append(rounded)
        sys.stdout.write(json.dumps(rounded) + "\n")
        sys.stdout.flush()
    sys.stdout.write(f"\n{table(lines)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
