"""Do the intervals hold the truth in 95 % of simulated logs, and are hopeless logs refused?

    python -m ml.ope.coverage --logs 1000 --users 400

Ends with one JSON line: the share of logs whose interval holds the truth, per estimate, the median
width of the intervals, and the share of logs refused for want of exploration.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from tqdm import tqdm

from ml.ope.estimates import estimates
from ml.ope.simulation import APART, World, draw_log, make_world
from ml.ope.support import NoSupportError, supported_visits


def coverage(world: World, logs: int, users: int, seed: int) -> dict[str, float]:
    """Returns the share of logs whose interval holds the truth, and the median width, per estimate.

    too_few: share of logs refused because too few of their users support the target.
    """
    truth, held, widths, too_few = world.value, defaultdict(list), defaultdict(list), 0
    for number in tqdm(range(logs), "logs", disable=None):
        try:
            kept, _ = supported_visits(draw_log(world, users, seed + number), supported_only=True)
        except NoSupportError:
            too_few += 1
            continue
        for name, found in estimates(kept).items():
            low, high = found.interval
            held[name].append(low <= truth <= high)
            widths[name].append(high - low)
    shares = {name: float(np.mean(which)) for name, which in held.items()}
    medians = {f"{name}_width": float(np.median(w)) for name, w in widths.items()}
    return {**shares, **medians, "too_few": too_few / logs}


def refused_without_exploration(people: int, logs: int, seed: int) -> float:
    """Returns the share of logs without exploration that are refused for that reason."""
    world = make_world(people, seed, share=0.0)
    refused = 0
    for number in range(logs):
        try:
            supported_visits(draw_log(world, people, seed + number), supported_only=True)
        except NoSupportError as error:
            refused += "no exploration" in str(error)
    return refused / logs


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m ml.ope.coverage")
    parser.add_argument("--logs", type=int, default=1000, help="simulated logs")
    parser.add_argument("--users", type=int, default=400, help="people per log")
    parser.add_argument("--apart", type=float, default=APART, help="how far the versions differ")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--smoke", action="store_true", help="20 logs of 80 people")
    options = parser.parse_args(arguments)
    logs, users = (20, 80) if options.smoke else (options.logs, options.users)
    world = make_world(users, options.seed, apart=options.apart)
    found = coverage(world, logs, users, options.seed)
    contexts = [c for person in world.people for c in person]
    figures = {
        "name": "off-policy coverage",
        "logs": logs,
        "users": users,
        "true_value": world.value,
        "supported_visits": float(np.mean([c.is_supported for c in contexts])),
        **found,
        "refused_without_exploration": refused_without_exploration(users, 20, options.seed),
    }
    rounded = {k: round(v, 4) if isinstance(v, float) else v for k, v in figures.items()}
    sys.stdout.write(json.dumps(rounded) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
