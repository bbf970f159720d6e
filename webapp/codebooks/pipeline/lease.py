"""Runs: requested once, leased to one worker at a time, given to another if it dies."""

from __future__ import annotations

import logging
import secrets
from collections import Counter
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any

from django.db import IntegrityError, InterfaceError, OperationalError
from django.db.models import F, Q

from webapp.codebooks.gate.outcome import Outcome
from webapp.codebooks.models import CodebookVersion, Run
from webapp.codebooks.pipeline import order
from webapp.codebooks.pipeline.beating import LostError, beating
from webapp.codebooks.pipeline.enqueue import ACTIVE, LEASE
from webapp.lib import database
from webapp.lib.learning_extra import missing_sentence
from webapp.lib.progress import Progress
from webapp.lib.times import utc_now
from webapp.surfaces.models import Surface

log = logging.getLogger(__name__)
MOST_ATTEMPTS = 3
SHOW_EVERY = 1.0
"""Seconds between two writes of the progress to the row."""


class RefusedRunError(Exception):
    """The run cannot do what was asked, and a retry would not help."""


def bad_values(error: Any) -> RefusedRunError:
    """A refusal with the rules that an `ml.data.DataError` lists, but without the bad values.

    Values can name people, and everyone with access to runs reads the message; the log has them.
    """
    log.warning("run.bad_values %s", error)
    counts = Counter(f"{problem.field}: {problem.rule}" for problem in error.problems)
    rules = "; ".join(f"{rule} ({count})" for rule, count in sorted(counts.items()))
    return RefusedRunError(
        f"{len(error.problems)} bad value(s). {rules}. The values are in the worker's log."
    )


class LostRunError(LostError):
    """The lease was lost to another worker; this worker's results are void."""


def run_request(
    *,
    kind: str,
    surface: Surface,
    key: str = "",
    version: CodebookVersion | None = None,
    options: Mapping[str, Any] | None = None,
    by: str = "",
) -> tuple[Run, bool]:
    """Creates a run, or finds the active one or the one with this key. Returns it, and True if
    new."""
    key = key or f"{kind}:{surface.slug}:{secrets.token_hex(8)}"
    try:
        with database.atomic():
            run = Run.objects.create(
                kind=kind,
                surface=surface,
                version=version,
                key=key,
                options=dict(options or {}),
                asked_by=by,
                lease_until=utc_now() + LEASE,
            )
        return run, True
    except IntegrityError:
        same = Q(key=key) | Q(kind=kind, surface=surface, state__in=ACTIVE, pipeline=None)
        run = Run.objects.filter(same).order_by("-pk").first()  # type: ignore[assignment]
        if run is None:  # the active run ended between the two queries
            return run_request(
                kind=kind, surface=surface, key=key, version=version, options=options, by=by
            )
        return run, False


class Lease:
    """A worker's exclusive right to a run, for LEASE at a time.

    Every method raises LostRunError once another worker has the run.
    """

    def __init__(self, run: Run, watch: Progress | None = None) -> None:
        self.run = run
        self._watch = watch
        self._shown = 0.0

    def show(self, share: float, doing: str) -> None:
        """Writes the progress (0 to 1) and renews the lease, at most once a second."""
        if self._watch is not None:
            self._watch(share, doing)
        if monotonic() - self._shown < SHOW_EVERY:
            return
        self._shown = monotonic()
        self._update(progress=share, doing=doing[:200], lease_until=utc_now() + LEASE)

    def renew(self) -> None:
        self._update(lease_until=utc_now() + LEASE)

    def finish(
        self,
        result: Mapping[str, Any],
        version: CodebookVersion | None = None,
        outcome: Outcome | None = None,
    ) -> None:
        """Ends the run. Must be called in the transaction that writes its results.

        version: the version made or judged. outcome: ends the run's pipeline with this step.
        """
        left = {**result, "ends": outcome.words} if outcome else dict(result)
        with database.atomic():
            self._update(
                state=Run.State.DONE,
                result=left,
                version=version or self.run.version,
                progress=1.0,
                doing="",
                lease_until=None,
                finished_at=utc_now(),
            )
            order.run_done(self.run, left, version or self.run.version, outcome)

    @database.atomic
    def fail(self, error: str) -> None:
        self._update(state=Run.State.FAILED, error=error, lease_until=None, finished_at=utc_now())
        order.run_failed(self.run, error)

    def give_back(self) -> None:
        """Releases the run to another worker at once."""
        self._update(state=Run.State.QUEUED, lease_until=utc_now())

    def _update(self, **columns: Any) -> None:
        mine = Run.objects.filter(pk=self.run.pk, holder=self.run.holder, state=Run.State.RUNNING)
        if not mine.update(**columns):
            raise LostRunError(f"run {self.run.pk} is held by another worker, or was ended")


def run_take(*, run_id: int, watch: Progress | None = None) -> Lease | None:
    """Leases a queued run, or one whose worker died; None if there is nothing to do."""
    now = utc_now()
    stale = Q(state=Run.State.RUNNING, lease_until__lt=now)
    holder = secrets.token_hex(16)
    taken = Run.objects.filter(Q(state=Run.State.QUEUED) | stale, pk=run_id).update(
        state=Run.State.RUNNING,
        holder=holder,
        attempts=F("attempts") + 1,
        lease_until=now + LEASE,
        started_at=now,
        error="",
    )
    rows = Run.objects.select_related("surface", "pipeline")
    return Lease(rows.get(pk=run_id), watch) if taken else None


def run_with_lease(
    *, run_id: int, work: Callable[[Lease], None], watch: Progress | None = None
) -> Run | None:
    """Leases the run and calls `work`, which ends with `lease.finish`. None: nothing to lease.

    Any error fails the run; all but RefusedRunError are raised too. If the connection to the
    database is lost, the run goes back instead: `runs_sweep` finds it, here or elsewhere.
    """
    lease = run_take(run_id=run_id, watch=watch)
    if lease is None:
        return None
    try:
        with beating(lease.renew, f"run-{run_id}"):
            _refuse_edited(lease.run)
            work(lease)
    except LostRunError as lost:
        log.warning("run.lost %s", lost)
        return None
    except RefusedRunError as refused:
        lease.fail(str(refused))
    except Exception as error:
        if _is_cut_off(error):
            lease.give_back()
            raise
        lacking = missing_sentence() if isinstance(error, ModuleNotFoundError) else ""
        lease.fail(lacking or f"{type(error).__name__}: {error}")
        raise
    except BaseException:  # Ctrl-C, or a worker being shut down
        lease.give_back()
        raise
    return Run.objects.get(pk=run_id)


def _is_cut_off(error: Exception) -> bool:
    """Returns True if the error is that of a lost connection, which it closes for a new one."""
    connection = database.connection()
    if not isinstance(error, OperationalError | InterfaceError) or connection.in_atomic_block:
        return False
    connection.close_if_unusable_or_obsolete()
    return connection.connection is None


def _refuse_edited(run: Run) -> None:
    """Refuses to go on with a surface that was edited after its visits were collected."""
    left = run.pipeline.result.get(Run.Kind.COLLECT, {}) if run.pipeline else {}
    then, now = left.get("revision", run.surface.revision), run.surface.revision
    if then != now:
        raise RefusedRunError(
            f"surface: {run.surface.slug} changed while the pipeline ran (revision {then}, now "
            f"{now}). Start again: ask for a new one."
        )


def runs_sweep() -> list[int]:
    """Finds runs to enqueue again, whose message or worker was lost.

    A run whose worker died MOST_ATTEMPTS times fails.
    """
    now = utc_now()
    lost = Run.objects.filter(state__in=ACTIVE, lease_until__lt=now)
    lost.filter(attempts__gte=MOST_ATTEMPTS).update(
        state=Run.State.FAILED,
        error=f"The worker died {MOST_ATTEMPTS} times. See its log, then ask for a new run.",
        finished_at=now,
        lease_until=None,
    )
    order.pipelines_sweep()
    queued = lost.filter(state=Run.State.QUEUED)
    asked = list(lost.order_by("pk").values_list("pk", flat=True))
    queued.update(lease_until=now + LEASE)
    return asked
