"""Gives out the parts of a run, works on them too, and joins their results."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from celery import current_app, group
from django.db.models import Count, Q

from webapp.codebooks.models import Part, Run
from webapp.codebooks.pipeline import kept_visits
from webapp.codebooks.pipeline.lease import MOST_ATTEMPTS, Lease, RefusedRunError
from webapp.codebooks.pipeline.parts.progress import progress
from webapp.codebooks.pipeline.parts.work import part_run
from webapp.lib import database
from webapp.lib.times import utc_now

TASK = "codebooks.part"
ASKED_AGAIN = 8
"""Messages that a sweep sends for a run, at most."""
LOOK_EVERY = 0.5
"""Seconds between two looks at parts that other workers have."""


def parts_done(
    lease: Lease,
    work: str,
    shards: Sequence[tuple[int, int]],
    *,
    seen: int = 0,
    given: Mapping[str, Any] | None = None,
) -> list[dict[str, Any]]:
    """Returns the results of all parts, in the order of `shards`, once each is done.

    work: as registered. seen: erasures of the pipeline before anything in `given` was read. Parts
    of an earlier attempt at the run are kept, with the shards and what was given then. Raises
    VoidError after an erasure, RefusedRunError if a part failed.
    """
    run = lease.run
    parts_make(lease, work, shards, seen=seen, given=given or {})
    lease.renew()
    _invite(run, work)
    show = partial(_show, lease, work)
    while _left(run, work, seen):
        show()
        if not part_run(run.pk, work, watch=show):
            time.sleep(LOOK_EVERY)
    return list(run.parts.filter(work=work).order_by("number").values_list("result", flat=True))


def parts_make(
    lease: Lease,
    work: str,
    shards: Sequence[tuple[int, int]],
    *,
    seen: int,
    given: Mapping[str, Any],
) -> None:
    """Makes the run's parts, unless it has them; those of before an erasure are void, and those
    that failed are tried again."""
    parts = lease.run.parts.filter(work=work)
    with database.atomic():
        lease.renew()  # refuses a worker that lost the run
        parts.exclude(erasures=seen).delete()
        anew = {"state": Part.State.QUEUED, "attempts": 0, "error": "", "finished_at": None}
        parts.filter(Q(state=Part.State.FAILED) | _given_up()).update(**anew)
        if parts.exists():
            return
        Part.objects.bulk_create(
            Part(
                run=lease.run,
                work=work,
                number=number,
                first_shard=first,
                end_shard=end,
                erasures=seen,
                given=dict(given),
            )
            for number, (first, end) in enumerate(shards)
        )


def parts_given(run: Run, work: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """What parts of an earlier attempt were given, if that says all that is asked now; else they
    are forgotten, and nothing is returned."""
    parts = run.parts.filter(work=work)
    given: dict[str, Any] = parts.values_list("given", flat=True).first() or {}
    if {**given, **asked} == given:
        return given
    parts_forget(run, work)
    return {}


def parts_forget(run: Run, work: str) -> None:
    """Deletes the parts, because what they left is gone: they are done again."""
    run.parts.filter(work=work).delete()


def parts_sweep() -> None:
    """Asks for help again where parts wait and at most one is worked on: messages may be lost."""
    at_work = Q(state=Part.State.RUNNING, lease_until__gte=utc_now())
    waiting = Part.objects.filter(run__state=Run.State.RUNNING).values("run", "work")
    counted = waiting.annotate(
        left=Count("pk", filter=Q(state=Part.State.QUEUED)), busy=Count("pk", filter=at_work)
    )
    for row in counted.filter(left__gt=0, busy__lte=1).order_by("run"):
        _send(row["run"], row["work"], min(row["left"], ASKED_AGAIN))


def _invite(run: Run, work: str) -> None:
    """Sends a message for each part that is left, but for one that this worker does itself.

    Each takes any part that nobody has, so that a lost message costs nothing but speed.
    """
    left = run.parts.filter(work=work, state=Part.State.QUEUED).count()
    _send(run.pk, work, left - 1)


def _send(run: int, work: str, messages: int) -> None:
    if messages > 0:
        part = current_app.signature(TASK, args=(run, work), immutable=True)
        database.on_commit(group([part] * messages).apply_async, robust=True)


def _left(run: Run, work: str, seen: int) -> int:
    """Counts the parts that are not done. Raises VoidError or RefusedRunError as `parts_done`."""
    if not kept_visits.is_as_seen(run.pipeline, seen, lock=False):
        raise kept_visits.VoidError(f"somebody was erased while run {run.pk} went on")
    parts = run.parts.filter(work=work).exclude(state=Part.State.DONE)
    failed = parts.filter(state=Part.State.FAILED).first()
    if failed is not None:
        raise RefusedRunError(failed.error)
    if (given_up := parts.filter(_given_up()).first()) is not None:
        raise RefusedRunError(
            f"{work}: part {given_up.number + 1} ended {MOST_ATTEMPTS} times before it was done, "
            f"last on {given_up.host}. See the worker's log there, then go on with the pipeline."
        )
    return parts.count()


def _given_up() -> Q:
    """Parts that nobody may take any more."""
    is_held = Q(state=Part.State.RUNNING, lease_until__gte=utc_now())
    return Q(attempts__gte=MOST_ATTEMPTS) & ~Q(state=Part.State.DONE) & ~is_held


def _show(lease: Lease, work: str) -> None:
    share, words = progress(lease.run.parts.filter(work=work))
    lease.show(share, f"{work}: {words}")
