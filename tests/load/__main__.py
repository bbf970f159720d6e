"""`make load`: loads the real server, counts at the client, and prints one JSON line a figure.

--seconds bounds the time; every figure stands beside a floor of the same run. `server_ms` is the
web process's own processor time per request, which excludes all other load on the machine.
"""

from __future__ import annotations

import sys
import tempfile
import time
from argparse import ArgumentParser, Namespace
from pathlib import Path

from tests.load import figures
from tests.load.stack import Stack, missing


def arguments() -> Namespace:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--stack", choices=("embedded", "production"), default="production")
    parser.add_argument("--seconds", type=float, default=12, help="per throughput figure")
    parser.add_argument("--half", type=float, default=60, help="seconds at half of saturation")
    parser.add_argument("--requests", type=int, default=20_000, help="for the memory figure")
    parser.add_argument("--users", type=int, nargs="+", default=[1000, 100_000])
    parser.add_argument("--blocks", type=int, nargs="+", default=[5, 20, 100, 200])
    return parser.parse_args()


def main() -> None:
    asked = arguments()
    if asked.stack == "production" and (lacking := missing()):
        sys.exit(f"left out: the production set-up needs {', '.join(lacking)} on this machine.")
    with tempfile.TemporaryDirectory(prefix="load-") as folder:
        stack = Stack(asked.stack, Path(folder))
        try:
            measure(stack, asked)
        finally:
            stack.stop()


def measure(stack: Stack, asked: Namespace) -> None:
    stack.prepare()
    path = figures.save_dashboard(20)
    figures.cold_start(stack, path, asked.seconds / 4)
    if stack.kind == "production":
        figures.growth_with_users(stack, path, tuple(asked.users), asked.seconds / 4)
    people = int((asked.seconds + asked.half) * figures.MOST_RATE / 2)
    acts = {"fresh decision": figures.fresh(path, people)}
    if stack.kind == "production":
        acts[figures.AHEAD] = figures.made_ahead(path, people)
    rates = figures.throughput(stack, path, acts, asked.seconds)
    for what, act in acts.items():
        figures.at_half(stack, what, act, rates[what], asked.half)
    figures.growth_with_blocks(stack, tuple(asked.blocks), asked.seconds / 4)
    figures.memory(stack, path, asked.requests)
    stack.start_worker()
    time.sleep(2)
    figures.ingest(stack, path, asked.seconds)


if __name__ == "__main__":
    main()
