"""Lives of accounts in many orders: of all of them, nothing of the erased may be found.

`tests/webapp/codebooks/test_account_life.py` has the steps, and runs the same few orders each time.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from argparse import ArgumentParser

from tests.bench.measure import line

TEST = "test_nothing_of_the_erased_is_read_served_or_accepted"
FILE = "tests/webapp/codebooks/test_account_life.py"
STEPS = 20


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--lives", type=int, default=200)
    lives = parser.parse_args().lives
    began = time.perf_counter()
    command = [sys.executable, "-m", "pytest", "-q", f"{FILE}::{TEST}", "-o", "timeout=0"]
    done = subprocess.run(command, env={**os.environ, "LIVES": str(lives)}, stdout=sys.stderr)
    failed = int(done.returncode != 0)
    seconds = round(time.perf_counter() - began, 1)
    line("lives of accounts that broke a rule", failed, "of", "lives", lives, seconds=seconds)
    sys.exit(failed)


if __name__ == "__main__":
    main()
