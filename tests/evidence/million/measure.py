"""One retrain of one number of people: what each of its steps took."""

from __future__ import annotations

import json
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import redis

from tests.evidence.million.database import Database
from tests.evidence.million.people import SLUG
from tests.evidence.million.workers import Workers, workers

WORKERS = 2
LOOK = 0.5
"""Seconds between two looks at the rows."""
SWEEP = 30.0
"""Seconds between two sweeps, as the schedule has them."""
SAY = 10.0
"""Seconds between two lines of progress."""
MOST_MB = 6000.0
"""Memory of a process above which a run is given up, before the machine swaps."""
STEPS = ("collect", "train", "export", "replay", "audit", "gate", "promote")
LIMITS = {"minutes": 30, "peak_mb": 1500, "train": 1.2, "collect": 2.2}
"""Of a whole retrain, of a process, and of twice the people's time by that of half as many."""


def measured(options: Any, people: int, answer: Any) -> None:
    """Fills a database, retrains on it, and sends the seconds of each step to `answer`."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    began = time.monotonic()

    def tell(doing: str) -> None:
        print(f"{people:,} people, {time.monotonic() - began:6.0f} s: {doing}", file=sys.stderr)

    database = Database(options.server, people, options.visits)
    redis.Redis.from_url(options.redis).flushdb()
    with tempfile.TemporaryDirectory(prefix="million-") as folder:
        database.use(Path(folder))
        try:
            database.prepare(tell)
            figure = {"name": "million", "simulated": True, "people": people}
            filled = {"seconds": round(time.monotonic() - began, 1)}
            filled["gigabytes"] = round(database.gigabytes(), 1)
            print(json.dumps({**figure, "step": "filled", **filled}), flush=True)
            with workers(Path(folder), WORKERS) as at_work:
                at_work.wait()
                answer.send(_retrained(at_work, figure, options.until, tell))
        finally:
            if not options.keep:
                database.drop()


def _retrained(at_work: Workers, figure: dict[str, Any], until: str, tell: Any) -> dict[str, Any]:
    """Asks for a retrain and prints what each step took; returns their seconds by name."""
    from webapp.codebooks.models import Pipeline, Run
    from webapp.codebooks.pipeline.order import pipeline_request
    from webapp.surfaces.models import Surface

    surface = Surface.objects.get(slug=SLUG)
    line, _ = pipeline_request(kind=Pipeline.Kind.RETRAIN, surface=surface)
    found: dict[str, Any] = {"people": figure["people"], "peak": 0.0}
    while line.state == Pipeline.State.RUNNING and until not in found:
        run = line.runs.filter(state__in=("queued", "running")).latest("pk")
        spent = at_work.processor_seconds()
        at_work.forget_peaks()
        peaks = _watched(run, at_work, tell)
        done = Run.objects.get(pk=run.pk)
        taken = {"wall": round((done.finished_at - done.started_at).total_seconds(), 1)}
        taken["cpu"] = round(at_work.processor_seconds() - spent, 1)
        highest = [round(peak) for peak in sorted(peaks.values(), reverse=True)[:WORKERS]]
        found |= {run.kind: taken["wall"], "peak": max(found["peak"], *highest)}
        said = {**figure, "step": run.kind, **taken, "peaks": highest, **_told(done)}
        print(json.dumps(said), flush=True)
        line.refresh_from_db()
    minutes = sum(found[step] for step in STEPS if step in found) / 60
    is_within = minutes <= LIMITS["minutes"] and found["peak"] <= LIMITS["peak_mb"]
    found["is_within"] = is_within and line.state != Pipeline.State.FAILED
    ended = {"minutes": round(minutes, 1), "state": line.state, "outcome": line.outcome}
    print(json.dumps({**figure, "step": "all", **ended, **found}), flush=True)
    return found


def _watched(run: Any, at_work: Workers, tell: Any) -> dict[int, float]:
    """Waits for the end of a step; returns the peak of each process that took part."""
    from celery import current_app

    peaks: dict[int, float] = {}
    swept, said, told = time.monotonic(), 0.0, ""
    while run.state in ("queued", "running"):
        time.sleep(LOOK)
        at_work.check(MOST_MB)
        for pid, peak in at_work.peaks().items():
            peaks[pid] = max(peak, peaks.get(pid, 0.0))
        if time.monotonic() - swept > SWEEP:
            swept = time.monotonic()
            current_app.send_task("codebooks.sweep")
        run.refresh_from_db()
        if run.doing != told and time.monotonic() - said > SAY:
            told, said = run.doing, time.monotonic()
            tell(f"{run.kind}: {told}")
    return peaks


def _told(run: Any) -> dict[str, Any]:
    """What the step says of how much it did."""
    names = {"visits": "visits", "people": "learners", "held_back": "held_back"}
    names |= {"verdict": "verdict", "parity": "parity"}
    told = {name: run.result[key] for key, name in names.items() if key in run.result}
    drawn = run.result.get("drawn", {})
    told |= {f"drawn_{k}": v for k, v in drawn.items() if k != "slices"}
    return told | ({"error": run.error} if run.error else {})
