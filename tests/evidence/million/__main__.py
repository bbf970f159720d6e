"""Retrains on a million simulated people with 30 visits each, and on half as many.

    python -m tests.evidence.million [--people 500000 1000000] [--keep]

Each number of people has a PostgreSQL database of its own on --server, which is filled within
minutes (9 GB for a million) and kept with --keep: a later call then finds it. Two Celery workers of
one process each, with Redis between them, carry out a retrain as at night. Per step a JSON line
says its seconds (`wall`), the workers' processor seconds (`cpu`) and the most memory of a process
in MB (`peaks`); the database's own processor time is not among them. Progress goes to stderr.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import signal
import sys
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from tests.evidence.million.measure import LIMITS, STEPS, measured


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--people", type=int, nargs="+", default=[500_000, 1_000_000])
    parser.add_argument("--visits", type=int, default=30, help="of a person, on average")
    parser.add_argument("--server", default="postgres://root@127.0.0.1:5432")
    parser.add_argument("--redis", default="redis://127.0.0.1:6379/9", help="is emptied")
    parser.add_argument("--until", choices=STEPS, default=STEPS[-1], help="the last step measured")
    parser.add_argument("--keep", action="store_true", help="the databases, for a later call")
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what it started ends as well
    os.environ["REDIS_URL"] = options.redis
    found = [_in_a_process(options, people) for people in options.people]
    done = [one for one in found if one]
    for half, whole in pairwise(done):
        ratios = {s: round(whole[s] / half[s], 2) for s in STEPS if s in half and s in whole}
        sizes = {"people": whole["people"], "by": half["people"]}
        print(json.dumps({"name": "million_ratio", **sizes, **ratios, "limits": LIMITS}))
    return int(len(done) < len(found) or not all(one["is_within"] for one in done))


def _in_a_process(options: argparse.Namespace, people: int) -> dict[str, Any] | None:
    """Measures in a fresh process, as Django is set up for one database."""
    spawn = multiprocessing.get_context("spawn")
    pipe, other = spawn.Pipe(duplex=False)
    measuring = spawn.Process(target=measured, args=(options, people, other))
    measuring.start()
    other.close()
    try:
        found = dict(pipe.recv())
    except EOFError:  # it failed, and said why
        found = {}
    except BaseException:
        measuring.terminate()
        raise
    measuring.join()
    return found or None


if __name__ == "__main__":
    sys.exit(main())
