"""Signs of health: what must be alive, what waits, which versions serve. Each query is bounded."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db.models import Count, Exists, Min, OuterRef, Subquery
from django.db.models.functions import Coalesce

from webapp.audits.models import AuditReport
from webapp.codebooks.models import Alias, AliasMove, Run
from webapp.lib import database, schedule_rows
from webapp.lib.admin_pages import list_of
from webapp.serving import answer_counts
from webapp.studio.models import Heartbeat
from webapp.subjects.models import Event
from webapp.surfaces.models import Surface

SILENT = timedelta(seconds=90)
"""Age at which the last heartbeat counts as missing; one is sent every 15 seconds."""
WAITED = timedelta(minutes=2)
"""An event that waits longer was lost by a worker, or there are too few workers."""
MOST_COUNTED = 10_000
RECENT = timedelta(days=7)
FALLBACK = 0.01
"""Share of fallback answers above which the sign turns to `look`."""
STATUSES = ("adapted", "default", "frozen", "plain", "dry_run", "fallback", "not_modified")
MOST_SURFACES = 50
MOST_LATE = 5


@dataclass(frozen=True)
class Sign:
    """state: ok, look or bad. step: the next step, empty where the state is ok; address: of the
    page that the step names."""

    name: str
    state: str
    says: str
    step: str = ""
    address: str = ""


def signs(now: datetime) -> list[Sign]:
    return [
        *(_database(), _cache(), _workers(now), _schedule(now), _backlog(now), _runs(now)),
        _answers(),
    ]


def active_runs() -> list[Run]:
    """Returns queued and running trainings and audits, oldest first."""
    active = Run.objects.filter(state__in=(Run.State.QUEUED, Run.State.RUNNING))
    return list(active.select_related("surface").order_by("created_at", "pk")[:20])


def ended_runs() -> list[Run]:
    ended = Run.objects.filter(state__in=(Run.State.DONE, Run.State.FAILED))
    return list(ended.select_related("surface", "version")[:5])


def surfaces() -> list[Surface]:
    """Returns surfaces annotated with their champion and last audits.

    `champion`, `champion_id`: name and key. `has_moved`: it took another one's place. `verdict`,
    `verdict_id`, `verdict_at`: the champion's last audit. `other`, `other_id`, `other_at`,
    `other_version`: the last audit of another version.
    """
    champion = Alias.objects.filter(surface=OuterRef("pk"), name=Alias.Name.CHAMPION)
    reports = AuditReport.objects.filter(surface=OuterRef("pk")).order_by("-created_at", "-pk")
    moves = AliasMove.objects.filter(
        surface=OuterRef("pk"), name=Alias.Name.CHAMPION, before__isnull=False, is_rollback=False
    )
    own = reports.filter(version=OuterRef("champion_id"))
    other = reports.exclude(version=Coalesce(OuterRef("champion_id"), 0))
    rows = Surface.objects.annotate(
        champion=Subquery(champion.values("version__name")[:1]),
        champion_id=Subquery(champion.values("version_id")[:1]),
        has_moved=Exists(moves),
        verdict=Subquery(own.values("verdict")[:1]),
        verdict_id=Subquery(own.values("pk")[:1]),
        verdict_at=Subquery(own.values("created_at")[:1]),
        other=Subquery(other.values("verdict")[:1]),
        other_id=Subquery(other.values("pk")[:1]),
        other_at=Subquery(other.values("created_at")[:1]),
        other_version=Subquery(other.values("version__name")[:1]),
    )
    return list(rows[:MOST_SURFACES])


def _database() -> Sign:
    connection = database.connection()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()
    return Sign("Database", "ok", f"{connection.display_name} answers.")


def _cache() -> Sign:
    backend = str(settings.CACHES["default"]["BACKEND"]).rsplit(".", 1)[-1]
    try:
        word = secrets.token_hex(4)
        cache.set("studio:health", word, 30)
        found: Any = cache.get("studio:health")
    except Exception as error:
        return Sign("Cache", "bad", f"{backend}: {error}", "Check REDIS_URL and that Redis runs.")
    if found != word:
        step = "It is full or another one writes to it. Pages are served, but slower."
        return Sign("Cache", "look", f"{backend} does not keep what it is given.", step)
    return Sign("Cache", "ok", f"{backend} keeps what it is given.")


def _workers(now: datetime) -> Sign:
    beats = list(Heartbeat.objects.order_by("-at")[:20])
    alive = [b for b in beats if now - b.at <= SILENT]
    if alive:
        names = ", ".join(b.worker for b in alive)
        return Sign("Workers and beat", "ok", f"{len(alive)} alive ({names}); {_ago(now, beats)}")
    held = Run.objects.filter(state=Run.State.RUNNING, lease_until__gt=now).first()
    if held is not None:
        says = f"A worker is busy with run {held.pk} and renews its hold on it."
        return Sign("Workers and beat", "ok", says)
    if not schedule_rows.is_asked_for("studio.heartbeat"):
        step = "Enable the periodic task of studio.heartbeat."
        says = "Nobody asks for signs of life."
        return Sign("Workers and beat", "look", says, step, schedule_rows.page())
    seen = _ago(now, beats) if beats else "There has been none yet."
    step = "Start a worker and beat: celery --app webapp worker, and celery --app webapp beat."
    return Sign("Workers and beat", "bad", f"No sign of life. {seen}", step)


def _schedule(now: datetime) -> Sign:
    late = schedule_rows.overdue(now)
    if not late:
        return Sign("Schedule", "ok", "No task is overdue.")
    said = [f"{name} (since {at:%Y-%m-%d %H:%M} UTC)" for name, at in late[:MOST_LATE]]
    more = f", and {len(late) - MOST_LATE} more" if len(late) > MOST_LATE else ""
    step = "Beat makes them up when it starts: celery --app webapp beat. See the periodic tasks."
    says = f"Overdue: {', '.join(said)}{more}."
    return Sign("Schedule", "look", says, step, schedule_rows.page())


def _ago(now: datetime, beats: list[Heartbeat]) -> str:
    return f"the last sign of life was {written((now - beats[0].at).total_seconds())} ago."


def _backlog(now: datetime) -> Sign:
    pending = Event.objects.filter(fold=Event.Fold.PENDING).order_by()
    found = pending.values("received_at")[: MOST_COUNTED + 1].aggregate(
        count=Count("received_at"), oldest=Min("received_at")
    )
    if not found["count"]:
        return Sign("Events waiting", "ok", "None: all that arrived is folded.")
    waited = now - found["oldest"]
    is_more = found["count"] > MOST_COUNTED
    many = f"More than {MOST_COUNTED:,} wait" if is_more else f"{found['count']:,} waiting"
    says = f"{many}, for up to {written(waited.total_seconds())}."
    if waited <= WAITED:
        return Sign("Events waiting", "ok", says)
    return Sign("Events waiting", "bad", says, "See that workers run; add some if they do.")


def _runs(now: datetime) -> Sign:
    ended = Run.objects.filter(state=Run.State.FAILED, finished_at__gte=now - RECENT)
    failed = ended.values("pk")[:100].count()
    silent = Run.objects.filter(state=Run.State.RUNNING, lease_until__lt=now).count()
    if silent:
        step = "The sweep gives it to another worker; see that workers run."
        says, page = (
            f"{silent} without a word from its worker.",
            list_of(Run, "state__exact=running"),
        )
        return Sign("Runs", "look", says, step, page)
    if failed:
        step = "Read the error of the run, then ask again."
        says, page = f"{failed} failed in the last 7 days.", list_of(Run, "state__exact=failed")
        return Sign("Runs", "look", says, step, page)
    return Sign("Runs", "ok", "None failed in the last 7 days.")


def _answers() -> Sign:
    counts = answer_counts.counts()
    total = sum(counts.get(status, 0) for status in STATUSES)
    name = "Layouts answered"
    if not total:
        return Sign(name, "ok", "None yet by this web process since it started.")
    share = counts.get("fallback", 0) / total
    says = f"{share:.1%} of {total:,} were the fallback, by this web process since it started."
    if share > FALLBACK:
        return Sign(name, "look", says, "Look for layout.fallback in the log of the web process.")
    return Sign(name, "ok", says)


def written(seconds: float) -> str:
    """Formats a duration in the largest unit that it fills at least twice."""
    for size, unit in ((86_400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(seconds, 0):.0f} seconds"
