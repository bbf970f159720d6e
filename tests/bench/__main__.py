"""`make bench`: prints every figure beside a floor measured in the same run, one JSON line each."""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

from tests.bench import cache, planning, serving, sizes

for part in (planning, sizes, serving, cache):
    part.run()
