"""Checks decisions for 10,000 random people: every guardrail, and both grid libraries.

Decisions are checked by `uiengine.guardrails.check`; their payloads at five breakpoints are loaded
into the real react-grid-layout and gridstack under node.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

from tqdm import tqdm

from tests.evidence import grid_libraries
from tests.evidence.payloads import payload_of
from tests.evidence.random_users import random_cases
from uiengine import engine
from uiengine.guardrails import check


class Run:
    """Decides for `users` random people and counts statuses and broken guardrails."""

    def __init__(self, users: int, seed: int) -> None:
        self.users, self.seed = users, seed
        self.statuses: Counter[str] = Counter()
        self.broken: Counter[str] = Counter()
        self.examples: list[str] = []

    def payloads(self) -> Iterator[dict[str, Any]]:
        cases = random_cases(self.users, self.seed)
        for number, (request, prediction) in enumerate(tqdm(cases, total=self.users, disable=None)):
            decision = engine.choose(request, prediction, "random")
            self.statuses["explored" if decision.explored else decision.status] += 1
            for violation in check(engine.guardrail_case(request, decision)):
                self.broken[violation.rule] += 1
                self.examples.append(f"person {number}: {violation.rule}: {violation.where}")
            yield payload_of(request, decision)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--users", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    run = Run(arguments.users, arguments.seed)
    absent = grid_libraries.missing()
    if absent:
        for _ in run.payloads():
            pass
        libraries: dict[str, Any] = {"left_out": f"{absent} not found"}
    else:
        grid_libraries.install()
        libraries = grid_libraries.check(run.payloads())
    figures = {
        "name": "guardrails on random people",
        "users": arguments.users,
        "statuses": run.statuses,
        "guardrails_broken": sum(run.broken.values()),
        "broken_by": run.broken,
        "broken_examples": run.examples[:5],
        "libraries": libraries,
    }
    print(json.dumps(figures))
    sys.exit(bool(run.broken or libraries.get("moved")))


if __name__ == "__main__":
    main()
