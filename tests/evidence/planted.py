"""Plants disparities in simulated people served by the real engine; the audit must name each.

    python -m tests.evidence.planted [--users 4000]

One person in five has `group` planted; the others, and in the quiet case all, keep two habits.
`misfit`: planted people use the whole page each time, which codes of habits fit badly (distortion)
and no order helps. `cold`: their events never arrive, so that the engine treats them as newcomers
each time. `explores`: exploration is on for their page only.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
import zlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from ml.audit.audit import audit
from ml.data.histories import pages, visits_of
from ml.data.tables import read_visits
from ml.evaluation.policies import policy
from ml.evaluation.replay import replay
from ml.evaluation.shown import Policy, Shown
from uiengine.behaviour.profile import Profile
from uiengine.model.version_folder import load_version
from uiengine.request import Request

CASES = ("quiet", "misfit", "cold", "explores")
METRIC = {"misfit": "seconds", "cold": "seconds", "explores": "exploration_share"}
"""The gated metric that must show each disparity."""
BLOCKS = (
    *("forum", "content", "pages", "resources", "links"),
    *("quiz", "assignments", "announcements", "glossary", "live"),
)
EXPLORATION = 0.2


def cohort(
    case: str, users: int, visits: int, share: float, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Simulates visits and people."""
    rng = np.random.default_rng(seed)
    people = pd.DataFrame(
        {
            "user": [f"simulated-{i}" for i in range(users)],
            "group": np.where(np.arange(users) < share * users, "planted", "rest"),
            "gender": rng.choice(["F", "M"], users),
        }
    )
    rows = []
    for user, group, _ in people.itertuples(index=False, name=None):
        habits = list(rng.choice(BLOCKS, 2, replace=False))
        for visit in range(visits):
            at = (date(2030, 1, 1) + timedelta(days=visit)).isoformat()
            used = BLOCKS if case == "misfit" and group == "planted" else habits
            rows += [("page", user, at, str(block), 1) for block in used]
    return pd.DataFrame(rows, columns=["surface", "user", "at", "block", "uses"]), people


def served(case: str, planted: frozenset[str], engine: Policy) -> Policy:
    """Wraps the engine's policy with the case's treatment of planted people."""

    def ask(request: Request) -> Request:
        _, user, _ = request.visit.split("\t")
        request = replace(request, seed=zlib.crc32(request.visit.encode()))
        if user not in planted:
            return request
        if case == "cold":
            return replace(request, profile=Profile())
        if case == "explores":
            guardrails = replace(request.surface.guardrails, exploration=EXPLORATION)
            return replace(request, surface=replace(request.surface, guardrails=guardrails))
        return request

    def decide(requests: Sequence[Request]) -> list[Shown]:
        return engine([ask(request) for request in requests])

    return decide


def planted_audit(
    case: str, *, users: int, visits: int, out: Path, share: float = 0.2, seed: int = 0
) -> dict:
    """Returns the audit's report of one case. share: of people who are planted."""
    out.mkdir(parents=True, exist_ok=True)
    frame, people = cohort(case, users, visits, share, seed)
    frame.to_csv(out / "visits.csv", index=False)
    rows, _ = read_visits([out / "visits.csv"])
    surfaces = pages([rows])
    defaults = {slug: sorted(page.index) for slug, page in surfaces.items()}
    version = load_version(Path("fixtures/innate"))
    engine = policy("engine", version, defaults, 64, seed)
    planted = frozenset(people.user[people.group == "planted"])
    with (out / "replay.jsonl").open("w") as lines:
        for line in replay(visits_of(rows), surfaces, defaults, served(case, planted, engine)):
            lines.write(json.dumps(line) + "\n")
    by = ["group", "gender"]
    return audit(out / "replay.jsonl", rows, people, by, out=out, simulated=True, version=case)


def found(report: dict, case: str) -> dict:
    """Says whether the case's metric names the planted slice, and no other, as served worse."""
    metric = METRIC.get(case, "seconds")
    worse = [
        row["slice"]
        for row in report["slices"]
        if row["verdict"] == "exceeds" and row["direction"] == "worse" and row["metric"] == metric
    ]
    mine = {r["metric"]: r for r in report["slices"] if r["slice"] == {"group": "planted"}}
    return {
        "name": f"planted_{case}",
        "verdict": report["verdict"],
        "is_named": {"group": "planted"} in worse,
        "only_they": all(slice_.get("group") == "planted" for slice_ in worse),
        **{
            name: {"difference": mine[name]["estimate"], "interval": mine[name]["interval"]}
            for name in (metric, "distortion", "tokens", "cold_start_seconds")
        },
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.evidence.planted")
    parser.add_argument("--users", type=int, default=4000)
    parser.add_argument("--visits", type=int, default=6)
    options = parser.parse_args()
    for case in CASES:
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            report = planted_audit(
                case, users=options.users, visits=options.visits, out=Path(folder)
            )
        line = {**found(report, case), "users": options.users, "simulated": True}
        print(json.dumps({**line, "wall_s": round(time.monotonic() - began, 1)}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
