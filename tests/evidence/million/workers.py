"""Celery's workers on this machine, and what they take: seconds, processor time and memory."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).parents[3]
START = 120.0
TICKS = os.sysconf("SC_CLK_TCK")


class Workers:
    """Workers with one process each, as on as many hosts, over the broker of the environment."""

    def __init__(self, folder: Path, count: int) -> None:
        self.log = folder / "workers.log"
        self.parents = [self._start(number) for number in range(count)]

    def _start(self, number: int) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "celery", "--app=webapp", "worker", "--concurrency=1"]
        options = ["--loglevel=WARNING", f"--hostname=million{number}@%h"]
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [*command, *options], cwd=ROOT, stdout=log, stderr=log, start_new_session=True
            )

    def wait(self) -> None:
        """Until all take messages. Django is set up. Raises TimeoutError after START seconds."""
        from celery import current_app

        until = time.monotonic() + START
        while len(current_app.control.ping(timeout=2)) < len(self.parents):
            if time.monotonic() > until:
                raise TimeoutError(f"the workers did not start: {self.log.read_text()[-2000:]}")

    def check(self, most: float) -> None:
        """Raises RuntimeError where a worker ended, or a process holds more than `most` MB."""
        if any(parent.poll() is not None for parent in self.parents):
            raise RuntimeError(f"a worker ended by itself: {self.log.read_text()[-2000:]}")
        if (held := max(self.peaks().values(), default=0.0)) > most:
            raise RuntimeError(f"a worker holds {held:,.0f} MB, over the {most:,.0f} of this run.")

    def processor_seconds(self) -> float:
        """Of all processes so far, with those of their children that ended."""
        return sum(sum(map(int, stat[11:15])) for _, stat in self._processes()) / TICKS

    def peaks(self) -> dict[int, float]:
        """The most memory, in MB, that each process held since `forget_peaks`."""
        found = {}
        for pid, _ in self._processes():
            with suppress(OSError, StopIteration):
                lines = Path(f"/proc/{pid}/status").read_text().splitlines()
                found[pid] = next(int(row.split()[1]) / 1024 for row in lines if "VmHWM" in row)
        return found

    def forget_peaks(self) -> None:
        for pid, _ in self._processes():
            with suppress(OSError):
                Path(f"/proc/{pid}/clear_refs").write_text("5")

    def _processes(self) -> Iterator[tuple[int, list[str]]]:
        """Ids and fields of `/proc/<id>/stat` after the name, of all that the workers started."""
        sessions = {str(parent.pid) for parent in self.parents}
        for folder in Path("/proc").iterdir():
            if folder.name.isdecimal():
                with suppress(OSError):
                    stat = (folder / "stat").read_text().rsplit(") ", 1)[1].split()
                    if stat[3] in sessions:
                        yield int(folder.name), stat

    def stop(self) -> None:
        for parent in self.parents:
            with suppress(ProcessLookupError):
                os.killpg(parent.pid, signal.SIGKILL)
            parent.wait()


@contextmanager
def workers(folder: Path, count: int) -> Iterator[Workers]:
    found = Workers(folder, count)
    try:
        yield found
    finally:
        found.stop()
