"""How far a run's parts are, in a number and in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import QuerySet

from webapp.codebooks.models import Part
from webapp.lib.times import utc_now


def progress(parts: QuerySet[Part]) -> tuple[float, str]:
    """Returns the share done (0 to 1), and how many parts, on which hosts, how long still."""
    rows = list(parts.defer("given", "result"))
    done = [part for part in rows if part.state == Part.State.DONE]
    busy = [part for part in rows if part.state == Part.State.RUNNING]
    share = (len(done) + sum(part.progress for part in busy)) / max(len(rows), 1)
    if len(rows) < 2:
        return share, f"{share:.0%}"
    words = [f"{len(done)} of {len(rows)} parts done"]
    if busy:
        hosts = Counter(part.host for part in busy)
        words.append("at work: " + ", ".join(f"{n} on {host}" for host, n in sorted(hosts.items())))
    if (left := time_left(rows)) is not None:
        words.append(f"about {_words(left)} left")
    return share, "; ".join(words)


def time_left(rows: Sequence[Part]) -> timedelta | None:
    """Estimates from the mean time of the parts that are done and the workers at it now."""
    done = [part for part in rows if part.state == Part.State.DONE]
    busy = [part for part in rows if part.state == Part.State.RUNNING]
    if not done or len(done) == len(rows):
        return None
    mean = sum((_time(part) for part in done), timedelta()) / len(done)
    left = len(rows) - len(done) - sum(part.progress for part in busy)
    return mean * left / max(len(busy), 1)


def _time(part: Part) -> timedelta:
    now: datetime = utc_now()
    return (part.finished_at or now) - (part.started_at or now)


def _words(left: timedelta) -> str:
    seconds = left.total_seconds()
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"
