"""Measures whether a refresh lowers a planted gap without a worse overall figure (simulated).

The champion learned from people who return to what they used last. Then a slice arrives (Y, one
person in seven) who go round the page, a block or two further at each visit, so that what they used
last is what they need least. Figures are of people held back from training: modelled seconds above
the default layout's, as a share of its seconds; the gap is the slice's share minus the others'.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from ml.data.cohort import POPULARITY, SURFACE, cohort
from ml.data.histories import pages, visits_of
from ml.data.sums import default_orders
from ml.data.tables import check_visits
from ml.evaluation.held_back import is_held_back, split
from ml.evaluation.judge import judge
from ml.evaluation.policies import policy
from ml.evaluation.pricing import visit_values
from ml.evaluation.replay import replay
from ml.evaluation.replay_file import read_replay, used_blocks
from ml.learning.settings import Settings
from ml.training.refresh import refresh_draft
from ml.training.train import train_version
from uiengine.model.version_folder import load_version
from webapp.codebooks.pipeline.refresh_sample import balanced_batch

INNATE = Path(__file__).parents[2] / "fixtures" / "innate"
VISITS = 24


def people(count: int, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Simulates visits and people; one in seven goes round the page."""
    usual, _ = cohort(count - count // 7, seed)
    rng = np.random.default_rng(seed)
    blocks, rows = list(POPULARITY), []
    for number in range(count // 7):
        first = int(rng.integers(len(blocks)))
        days = np.sort(rng.choice(np.arange(60, 130), VISITS, replace=False))
        for turn, day in enumerate(days):
            at = str(np.datetime64("2026-01-05") + np.timedelta64(int(day), "D"))
            for step in range(2):
                block = blocks[(first + 2 * turn + step) % len(blocks)]
                rows.append((SURFACE, f"round-{number}", at, block, 1))
    columns = ["surface", "user", "at", "block", "uses"]
    visits = pd.concat([usual[columns], pd.DataFrame(rows, columns=columns)])
    table = pd.DataFrame({"user": visits["user"].unique()})
    table["slice"] = np.where(table["user"].str.startswith("round-"), "Y", "N")
    return check_visits(visits.reset_index(drop=True), "simulated")[0], table


def measure(version: Path, visits: pd.DataFrame, work: Path) -> dict[str, float]:
    """Measures held-back people under the product's policy."""
    surfaces = pages([visits])
    defaults = default_orders(visits_of(visits), surfaces)
    held = visits[[is_held_back(SURFACE, user) for user in visits["user"]]]
    lines = work / "lines.jsonl"
    decide = policy("engine", load_version(version), defaults, 64, 0)
    made = replay(visits_of(visits), surfaces, defaults, decide, only=frozenset(held["user"]))
    lines.write_text("".join(json.dumps(line) + "\n" for line in made))
    values = visit_values(read_replay(lines, used_blocks(held)), surfaces)
    is_slice = values["user"].str.startswith("round-")

    def share(rows: Any) -> float:
        return float(values[rows]["extra_seconds"].sum() / values[rows]["default_seconds"].sum())

    shares = {"slice": share(is_slice), "rest": share(~is_slice), "all": share(is_slice | True)}
    visited = held.groupby(["surface", "user", "at"])["block"]
    used = {(s, u, str(at)): list(blocks) for (s, u, at), blocks in visited}
    with lines.open() as file:
        captured = next(judge(map(json.loads, file), used))["captured"]
    found = {**shares, "gap": shares["slice"] - shares["rest"], "captured": captured}
    return {name: round(value, 4) for name, value in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=700)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--smoke", action="store_true", help="few people, a short training")
    arguments = parser.parse_args()
    torch.set_num_threads(2)
    visits, table = people(140 if arguments.smoke else arguments.people, arguments.seed)
    usual = visits[~visits["user"].str.startswith("round-")]
    surfaces = pages([visits])
    with tempfile.TemporaryDirectory() as folder:
        champion, fresh = Path(folder) / "champion", Path(folder) / "fresh"
        settings = Settings().smoke() if arguments.smoke else None
        train_version(
            split(usual)[0], champion, surfaces=surfaces, innate=INNATE, settings=settings
        )
        learned = split(visits)[0]
        last = learned.groupby("user")["when"].max().astype("int64").to_dict()
        rows = table.astype(str).to_dict("records")
        users, slices = balanced_batch(last, rows, ["slice"])
        begin, busy = time.perf_counter(), time.process_time()
        refresh_draft(learned, set(users), champion, surfaces=surfaces).export(fresh)
        seconds, busy = time.perf_counter() - begin, time.process_time() - busy
        before, after = (measure(v, visits, Path(folder)) for v in (champion, fresh))
    line = {
        "name": "refresh against a planted gap (simulated people)",
        "people": int(visits["user"].nunique()),
        "slices_in_batch": slices,
        "before": before,
        "after": after,
        "gap_lowered_by": round(before["gap"] - after["gap"], 4),
        "refresh_seconds": round(seconds, 1),
        "refresh_processor_seconds": round(busy, 1),
    }
    print(json.dumps(line))
    sys.exit(not (after["gap"] < before["gap"] and after["all"] <= before["all"]))


if __name__ == "__main__":
    main()
