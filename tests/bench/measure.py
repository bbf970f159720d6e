"""Times functions, and prints each figure as a JSON line."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from statistics import median


def milliseconds(work: Callable[[], object], times: int = 200) -> tuple[float, float]:
    """Returns median and 99th percentile of `work` in ms, after a warm-up."""
    for _ in range(max(times // 10, 3)):
        work()
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        taken.append((time.perf_counter() - start) * 1e3)
    return median(taken), sorted(taken)[min(int(times * 0.99), times - 1)]


def processor_milliseconds(work: Callable[[], object], times: int = 200) -> float:
    """Returns the median processor time of this thread in ms; other load does not count."""
    for _ in range(max(times // 10, 3)):
        work()
    taken = []
    for _ in range(times):
        start = time.thread_time()
        work()
        taken.append((time.thread_time() - start) * 1e3)
    return median(taken)


def line(name: str, value: float, unit: str, beside: str, other: float, **more: float) -> None:
    """Prints a figure beside its floor or peer `beside`, whose value is `other`; ratio =
    value/other."""
    figure = {"name": name, "value": round(value, 4), "unit": unit, "beside": beside}
    figure |= {"beside_value": round(other, 4), "ratio": round(value / other, 3) if other else None}
    print(json.dumps(figure | {k: round(v, 4) for k, v in more.items()}), flush=True)


def beside(
    name: str, work: Callable[[], object], floor_name: str, floor: Callable[[], object]
) -> None:
    """Prints the median of `work` in ms with its p99, beside the median of a floor."""
    value, p99 = milliseconds(work)
    other, _ = milliseconds(floor)
    line(name, value, "ms", floor_name, other, p99=p99)
