"""Would another version have done better? Answered from logged decisions, without serving it.

    python -m ml.ope --log DECISIONS.jsonl --target DECISIONS.jsonl --out FILE

Reward = minus the modelled seconds per use of a visit. Its mean under the target, and how far
that is from what was served, are estimated by IPS, SNIPS and doubly robustly, with intervals over
users (`ml.ope.estimates`). Logs without support are refused (`ml.ope.support`).

Both files hold a JSON line per visit:

    {"user": "u1", "surface": "home", "visit": "3", "layout": ["news", "mail"], "propensity": 0.86,
     "reward": -1.31, "candidates": [
        {"layout": ["news", "mail"], "propensity": 0.86, "energy": 14.2},
        {"layout": ["mail", "news"], "propensity": 0.14, "energy": 14.4}]}

user, surface, visit   name the visit; the target has a line for every visit of the log
layout                 what was served: ids in reading order (or items with an id)
propensity             with which probability; a decision carries it
candidates             every layout that could have been served, with its propensity; they sum to 1.
                       May be left out where the propensity is 1
reward                 of the log only; null where nothing was used: the visit is left out
energy                 optional, modelled seconds: helps the doubly robust estimate's model

The target's candidates say how likely the other version would have served each layout; a version
that always serves its best has one, with propensity 1. They must be among the layouts that the log
could have drawn.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from ml.cli import new_file, refuse_overwriting
from ml.data.errors import DataError
from ml.ope.estimates import Estimate, estimates
from ml.ope.log import read_decisions
from ml.ope.simulation import write_example
from ml.ope.support import NoSupportError, join, supported_visits

METHOD = "leave-one-user-out jackknife, Student's t by the spread of the users' parts, 95 %"
NOTE = "Seconds are modelled, not measured."


def compare(log: Path, target: Path, *, supported_only: bool = False) -> dict[str, Any]:
    """Returns the report. Raises DataError for bad lines, NoSupportError without support."""
    logged = read_decisions(log, is_log=True)
    visits = join(logged, read_decisions(target, is_log=False), target.name)
    kept, support = supported_visits(visits, supported_only=supported_only)
    found = estimates(kept)
    return {
        "log": log.name,
        "target": target.name,
        "unit": "reward: minus modelled seconds per use, higher is better",
        **asdict(support),
        "without_use": len(logged) - len(visits),
        "served": float(np.mean([v.reward for v in kept])),
        "estimates": {name: asdict(estimate) for name, estimate in found.items()},
        "target_is": verdict(found["dr"]),
        "method": METHOD,
        "note": NOTE,
    }


def verdict(estimate: Estimate) -> str:
    """Compares with what was served: better or worse if the interval excludes 0."""
    low, high = estimate.difference_interval
    if low > 0:
        return "better"
    return "worse" if high < 0 else "not told apart"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m ml.ope",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--log", type=Path, help="decisions that were served, with rewards")
    parser.add_argument("--target", type=Path, help="what the other version would have served")
    parser.add_argument("--out", type=new_file, help="file for the report (JSON)")
    parser.add_argument(
        "--supported-only",
        action="store_true",
        help="leave out visits without support: a narrower question, and the report says which",
    )
    parser.add_argument(
        "--smoke", action="store_true", help="a small simulated log where no files are named"
    )
    options = parser.parse_args(arguments)
    if not options.smoke and None in (options.log, options.target, options.out):
        parser.error("--log, --target and --out are needed (all but with --smoke)")
    refuse_overwriting(parser, options.out, [options.log, options.target])
    try:
        with tempfile.TemporaryDirectory() as folder:
            files = options.log, options.target
            log, target = files if all(files) else write_example(Path(folder))
            report = compare(log, target, supported_only=options.supported_only)
    except (DataError, NoSupportError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    sys.stdout.write(json.dumps(_rounded(report)) + "\n")
    return 0


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, Mapping):
        return {key: _rounded(part) for key, part in value.items()}
    return [_rounded(part) for part in value] if isinstance(value, list | tuple) else value


if __name__ == "__main__":
    sys.exit(main())
