"""Counts of processes that have ended are added up in one file a type."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

from prometheus_client import CollectorRegistry
from prometheus_client.multiprocess import MultiProcessCollector

from webapp.telemetry.metric_files import fold_ended, reading

COUNT = """
from prometheus_client import Counter, Histogram
count = Counter("asked", "Asked.", ("view",))
seconds = Histogram("took", "Took.", buckets=(1, 10))
count.labels("a").inc({number})
count.labels("b").inc()
seconds.observe({number})
"""


def run(folder: Path, number: int) -> None:
    """A process of its own counts, and ends."""
    subprocess.run(
        [sys.executable, "-c", COUNT.format(number=number)],
        env={**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(folder)},
        check=True,
    )


def sums(folder: Path) -> dict[tuple[str, str], float]:
    collector = MultiProcessCollector(CollectorRegistry(), str(folder))
    return {
        (sample.name, str(sample.labels)): sample.value
        for metric in collector.collect()
        for sample in metric.samples
    }


def test_replaced_workers_leave_two_files_and_all_their_counts(tmp_path):
    for number in (2, 3, 5):
        run(tmp_path, number)
    before = sums(tmp_path)

    assert fold_ended(tmp_path) == 6
    run(tmp_path, 7)
    fold_ended(tmp_path)

    assert {path.name for path in tmp_path.glob("*.db")} == {
        "counter_ended.db",
        "histogram_ended.db",
    }
    after = sums(tmp_path)
    assert before["asked_total", "{'view': 'a'}"] == 2 + 3 + 5
    assert after["asked_total", "{'view': 'a'}"] == 2 + 3 + 5 + 7
    assert after["asked_total", "{'view': 'b'}"] == 4
    assert after["took_sum", "{}"] == 17 and after["took_count", "{}"] == 4
    assert after["took_bucket", "{'le': '10.0'}"] == 4


def test_a_process_that_runs_keeps_its_files(tmp_path):
    mine = tmp_path / f"counter_{os.getpid()}.db"
    run(tmp_path, 1)
    next(tmp_path.glob("counter_*.db")).rename(mine)

    fold_ended(tmp_path)

    assert mine.exists()


def test_files_are_not_added_up_while_they_are_read(tmp_path):
    run(tmp_path, 1)
    done = threading.Event()

    def fold() -> None:
        fold_ended(tmp_path)
        done.set()

    with reading(tmp_path):
        thread = threading.Thread(target=fold)
        thread.start()
        assert not done.wait(0.3)
    thread.join(10)
    assert done.is_set()
