"""`make chaos`: breaks parts one after the other while people go on; the clients count.

This command starts everything that it breaks, in its own folder and on its own ports. A request
whose connection broke may be sent once more. At the end every acknowledged event must be stored
once and counted once; recovery times are printed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from signal import SIGKILL, SIGQUIT
from typing import Any

from tests.bench.measure import line
from tests.load import figures
from tests.load.client import Broken, Caller
from tests.load.people import KINDS, SETTLE, Person
from tests.load.stack import ROOT, Stack, missing, wait_for

BROKEN = "broken"
"""Content id of the corrupt version, which must never serve."""
REGISTER = """
import django; django.setup()
import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
from pathlib import Path
from webapp.codebooks.registry.aliases import version_register
version_register(source=Path("fixtures/innate"), name="too-large")
"""


class Faults:
    """Faults, each a method that breaks something, waits, and repairs it before it returns."""

    def __init__(self, stack: Stack, people: list[Person], seconds: float) -> None:
        self.stack, self.people, self.seconds = stack, people, seconds

    def redis_killed(self) -> None:
        self.stack.kill("redis")
        time.sleep(self.seconds)
        self.stack.start_redis()

    def postgres_restarted(self) -> None:
        """Restarts PostgreSQL as after a crash, without a checkpoint; returns once it has
        recovered."""
        self.stack.kill("postgres", SIGQUIT)
        self.stack.start_postgres()
        wait_for(self.stack.takes_queries, "PostgreSQL took queries")

    def postgres_stopped(self) -> None:
        """Stops all processes of PostgreSQL, so that connections stand and nobody answers."""
        with self.stack.stopped("postgres"):
            time.sleep(self.seconds)

    def pooler_stopped(self) -> None:
        with self.stack.stopped("pooler"):
            time.sleep(self.seconds)

    def celery_worker_killed(self) -> None:
        self.stack.kill("worker-1", SIGKILL)
        time.sleep(self.seconds)
        self.stack.start_worker("worker-1")

    def web_worker_killed(self) -> None:
        """Kills each web worker in turn, so that every connection is hit."""
        for pid in self.stack.web_pids():
            os.kill(pid, SIGKILL)
            wait_for(lambda p=pid: p not in self.stack.web_pids(), "the worker ended")
            time.sleep(max(self.seconds / 2, 1))

    def artefacts_full(self) -> None:
        """Lets files of a new version fail to be written: writes beyond a size fail."""
        done = subprocess.run([sys.executable, "-c", REGISTER], cwd=ROOT, capture_output=True)
        assert done.returncode != 0, "a version was registered although its files did not fit"
        from webapp.codebooks.models import CodebookVersion

        assert not CodebookVersion.objects.filter(name="too-large").exists()
        time.sleep(self.seconds)

    def promoted_and_rolled_back(self) -> None:
        from webapp.codebooks.registry.aliases import version_promote, version_rollback

        surface, versions = _surface(), _versions(2)
        for version in versions:
            version_promote(surface=surface, version=version, why="chaos")
        until = time.monotonic() + max(self.seconds, 3)
        while time.monotonic() < until:
            version_rollback(surface=surface, why="chaos")
            time.sleep(1)
            version_promote(surface=surface, version=versions[-1], why="chaos")

    def onnx_corrupted(self) -> None:
        """Corrupts a version after it was registered, before it is loaded."""
        from webapp.codebooks.models import Alias, CodebookVersion
        from webapp.codebooks.registry import artefacts

        broken = _registered("broken", BROKEN)
        file = artefacts.local(broken.folder) / "decoder.onnx"
        file.write_bytes(file.read_bytes()[:1000])
        alias, _ = Alias.objects.get_or_create(
            surface=_surface(), name="champion", defaults={"version": broken}
        )
        before = alias.version
        Alias.objects.filter(pk=alias.pk).update(version=broken)
        time.sleep(max(self.seconds, 2))
        Alias.objects.filter(pk=alias.pk).update(
            version=before if before != broken else CodebookVersion.objects.get(name="innate")
        )

    def clock_moved_by_a_day(self) -> None:
        """Sets people's clocks a day ahead and a day behind, then the application's clock for
        them."""
        from webapp.subjects.models import Subject
        from webapp.subjects.services import clock_advance

        for days in (1, -1, 0):
            for person in self.people:
                person.ahead = timedelta(days=days)
            time.sleep(self.seconds / 3)
        for subject in Subject.objects.filter(key__in=[p.key for p in self.people]):
            clock_advance(subject=subject, seconds=86_400)
        time.sleep(self.seconds)

    def all(self) -> list[Callable[[], None]]:
        return [
            self.redis_killed,
            self.postgres_restarted,
            self.postgres_stopped,
            self.pooler_stopped,
            self.celery_worker_killed,
            self.web_worker_killed,
            self.artefacts_full,
            self.promoted_and_rolled_back,
            self.onnx_corrupted,
            self.clock_moved_by_a_day,
        ]


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5, help="each thing stays broken")
    parser.add_argument("--most", type=float, default=1, help="seconds that a layout may take")
    parser.add_argument("--only", nargs="+", help="names of faults; all, if none is named")
    asked = parser.parse_args()
    if lacking := missing():
        sys.exit(f"left out: chaos needs {', '.join(lacking)} on this machine.")
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        stack = Stack("production", Path(folder), web_workers=2, is_pooled=True)
        try:
            failures = run(stack, asked.seconds, asked.most, asked.only)
        finally:
            stack.stop()
    for failure in failures:
        print(f"FAILED: {failure}", file=sys.stderr)
    sys.exit(bool(failures))


def run(stack: Stack, seconds: float, most: float, only: list[str] | None) -> list[str]:
    """Prints the figures; returns the failures."""
    stack.prepare()
    path = figures.save_dashboard(20)
    stack.start_web()
    for name in ("worker-1", "worker-2"):
        stack.start_worker(name)
    stack.start_beat()
    probe = Caller(stack.port)
    wait_for(lambda: _is_adapted(probe, path, figures.token("probe")), "a layout came")
    stop = threading.Event()
    people = [Person(stack.port, path, kind, stop) for kind in KINDS]
    for person in people:
        person.start()
    time.sleep(2)
    try:
        for fault in Faults(stack, people, seconds).all():
            if not only or fault.__name__ in only:
                _break(fault, people)
    finally:
        stop.set()
        for person in people:
            person.join()
        probe.close()
    return _settled(people, most)


def _break(fault: Callable[[], None], people: list[Person]) -> None:
    """Runs one fault and prints the time until everybody had an adapted layout and could send
    events."""
    from django.db import connection

    begun = [len(person.layouts) for person in people]
    refused = _total(person.refused for person in people)
    retries = sum(person.caller.retries for person in people)
    started = time.monotonic()
    connection.close()  # the previous fault may have broken it
    fault()
    mended = time.monotonic()

    def is_well() -> bool:
        return all(person.is_well(mended, n) for person, n in zip(people, begun, strict=True))

    took = wait_for(is_well, "everybody had an adapted layout", SETTLE)
    pairs = list(zip(people, begun, strict=True))
    served = Counter(status for p, n in pairs for _, status in p.layouts[n:])
    line(
        f"chaos: {fault.__name__}, recovery",
        took,
        "s",
        "broken for",
        mended - started,
        slowest_answer=max(s for p in people for at, s in p.seconds if at >= started),
        retries=sum(person.caller.retries for person in people) - retries,
        versions=len({version for p, n in pairs for version in p.versions[n:] if version}),
        **{f"answers_{status}": n for status, n in served.items()},
        **{f"batches_{why}": n for why, n in (_total(p.refused for p in people) - refused).items()},
    )


def _total(counters: Iterable[Counter[str]]) -> Counter[str]:
    return sum(counters, Counter[str]())


def _settled(people: list[Person], most: float) -> list[str]:
    """Waits until all is folded; compares the clients' counts with what is stored.

    most: seconds that a layout may take.
    """
    from webapp.subjects.models import Event, Visit

    pending = Event.objects.filter(fold="pending")
    took = wait_for(lambda: not pending.exists(), "everything was folded", SETTLE)
    line("chaos: folded after the last request", took, "s", "at most", SETTLE)
    failures = []
    counted: Counter[str] = Counter()
    for person in people:
        slowest = max(seconds for _, seconds in person.seconds)
        if slowest > most:
            failures.append(f"{person.name}: waited {slowest:.2f} s for a layout")
        if person.waiting:
            failures.append(f"{person.name}: {len(person.waiting)} batches were never taken")
        if BROKEN in person.versions:
            failures.append(f"{person.name}: the broken version served")
        stored = Event.objects.filter(profile__subject__key=person.key, kind="use").count()
        uses: Counter[str] = Counter()
        for visit in Visit.objects.filter(profile__subject__key=person.key):
            uses.update(visit.uses)
        counted += uses
        if stored != person.acknowledged.total():
            failures.append(
                f"{person.name}: {person.acknowledged.total()} acknowledged, {stored} stored"
            )
        if uses != person.acknowledged:
            failures.append(f"{person.name}: {person.acknowledged} acknowledged, counted {uses}")
        if person.lost:
            failures.append(
                f"{person.name}: {len(person.lost)} without a layout: {person.lost[:3]}"
            )
    asked = sum(len(person.layouts) + len(person.lost) for person in people)
    lost = sum(len(person.lost) for person in people)
    retries = sum(person.caller.retries for person in people)
    acknowledged = sum(person.acknowledged.total() for person in people)
    line("chaos: requests without a layout", lost, "requests", "asked", asked, retries=retries)
    slowest = {person.name: max(seconds for _, seconds in person.seconds) for person in people}
    line("chaos: slowest answer", max(slowest.values()), "s", "at most", most, **slowest)
    refused = _total(person.refused for person in people)
    line(
        "chaos: events counted",
        counted.total(),
        "events",
        "acknowledged",
        acknowledged,
        **{f"batches_{why}": n for why, n in refused.items()},
    )
    return failures


def _is_adapted(caller: Caller, path: str, token: str) -> bool:
    with suppress(Broken):
        answer = caller.get(path, token)
        return answer.status == 200 and answer.json()["status"] == "adapted"
    return False


def _surface() -> Any:
    from webapp.surfaces.models import Surface

    return Surface.objects.get(slug="dashboard-20")


def _versions(count: int) -> list[Any]:
    return [_registered(f"chaos-{i}", f"chaos {i}") for i in range(count)]


def _registered(name: str, content: str) -> Any:
    """Registers the innate version under another content id, so that caches tell them apart."""
    import json

    from webapp.codebooks.registry.aliases import version_register

    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "version"
        shutil.copytree(ROOT / "fixtures" / "innate", source)
        manifest = json.loads((source / "manifest.json").read_text())
        manifest["id"] = content
        (source / "manifest.json").write_text(json.dumps(manifest))
        return version_register(source=source, name=name, status="audited")


if __name__ == "__main__":
    main()
