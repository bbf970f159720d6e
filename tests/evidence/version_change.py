"""Tests that nobody starts cold after a change of version, as tokens come from profiles.

Held-back visits are replayed; from the median day on, a new version decides. It compares each
person's first visit after the change: under the old version, under the new one with existing
profiles, and under the new one with empty profiles. Figures are captured gain (`ml.judge`), which
is observed, and modelled seconds as a ratio to the static order's.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from ml.data.cohort import cohort
from ml.data.histories import pages, visits_of
from ml.data.sums import default_orders
from ml.data.tables import check_visits, read_visits
from ml.evaluation.held_back import split
from ml.evaluation.judge import SeenLayouts, captured, judge_visit
from ml.evaluation.policies import policy
from ml.evaluation.replay import replay
from ml.evaluation.shown import Policy, Shown
from ml.learning.settings import Settings
from ml.training.train import train_version
from uiengine.behaviour.profile import Profile
from uiengine.model.version_folder import load_version
from uiengine.request import Request

ROOT = Path(__file__).parents[2]


def changing(before: Policy, after: Policy, day: int, *, forgets: bool) -> Policy:
    """Uses `before` until the day and `after` from it on. forgets: profiles are emptied there."""

    def decide(requests: Sequence[Request]) -> list[Shown]:
        if requests and requests[0].day < day:
            return before(requests)
        if forgets:
            blank = [Profile(order=r.profile.order) for r in requests]
            fields = ("surface", "popularity", "day", "visit")
            requests = [
                Request(profile=p, **{f: getattr(r, f) for f in fields})
                for r, p in zip(requests, blank, strict=True)
            ]
        return after(requests)

    return decide


def first_visits(lines: list[dict[str, Any]], visits: Any, day: int) -> dict[str, float]:
    """Measures each person's first visit from `day` on, for people with earlier visits."""
    subjects: dict[tuple[str, str], dict[str, Any]] = {}
    seen: dict[tuple[str, str], str] = {}
    found = []
    for line, visit in zip(lines, visits, strict=True):
        key = (visit.surface, visit.user)
        new = {"P": SeenLayouts(), "S": SeenLayouts(), "uses": defaultdict(float)}
        figures = judge_visit(line, list(visit.blocks), subjects.setdefault(key, new))
        if visit.day >= day and seen.get(key) == "before":
            found.append({**figures, "visit": line["visit"], "tokens": len(line["tokens"])})
        seen[key] = "before" if visit.day < day else "after"
    columns = {name: np.array([f[name] for f in found]) for name in found[0]}
    return {
        "visits": len(found),
        "captured": round(captured(columns, np.ones(len(found), dtype=bool)), 4),
        "seconds": round(float(columns["seconds_P"].mean() / columns["seconds_S"].mean()), 4),
        "tokens": round(float(columns["tokens"].mean()), 4),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--visits", type=Path, help="a file; else 200 simulated people")
    parser.add_argument("--smoke", action="store_true", help="a short training")
    arguments = parser.parse_args()
    torch.set_num_threads(2)
    simulated = check_visits(cohort(200, 3)[0], "simulated")[0]
    frame: pd.DataFrame = read_visits([arguments.visits])[0] if arguments.visits else simulated
    surfaces = pages([frame])
    learned, held = split(frame)
    visits = visits_of(held)
    day = int(np.median([visit.day for visit in visits]))
    defaults = default_orders(visits_of(learned), surfaces)
    with tempfile.TemporaryDirectory() as folder:
        new = Path(folder) / "new"
        settings = Settings().smoke() if arguments.smoke else None
        innate = ROOT / "fixtures" / "innate"
        train_version(learned, new, surfaces=surfaces, innate=innate, settings=settings, seed=1)
        versions = [load_version(innate, threads=2), load_version(new, threads=2)]
        old, fresh = (policy("engine", version, defaults, 64, 0) for version in versions)
        policies = {
            "old_version": old,
            "new_version": changing(old, fresh, day, forgets=False),
            "new_version_had_it_forgotten": changing(old, fresh, day, forgets=True),
        }
        figures = {
            name: first_visits(list(replay(visits, surfaces, defaults, decide)), visits, day)
            for name, decide in policies.items()
        }
    kept = figures["new_version"]["captured"] > figures["new_version_had_it_forgotten"]["captured"]
    line = {"name": "first visit after a change of version", **figures, "nobody_starts_cold": kept}
    print(json.dumps(line))
    sys.exit(not kept)


if __name__ == "__main__":
    main()
