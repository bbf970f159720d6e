"""Parts are leased to one worker at a time, as runs are, and given to another if it dies."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import Any

from django.db.models import F, Q

from webapp.codebooks.models import Part, Run
from webapp.codebooks.pipeline import kept_visits
from webapp.codebooks.pipeline.beating import LostError
from webapp.codebooks.pipeline.enqueue import LEASE
from webapp.codebooks.pipeline.lease import MOST_ATTEMPTS, SHOW_EVERY
from webapp.codebooks.pipeline.work_folder import work_folder
from webapp.lib import database
from webapp.lib.times import utc_now

AGAIN_AFTER = timedelta(seconds=10)
"""Time after which a part is tried again that met an error which may pass."""


class LostPartError(LostError):
    """Another worker has the part, or it is void: this worker's result is not wanted."""


class PartLease:
    """A worker's exclusive right to a part, for LEASE at a time.

    Every method raises LostPartError once another worker has the part, or it is void.
    """

    def __init__(self, part: Part, watch: Callable[[], None] | None = None) -> None:
        self.part, self.run = part, part.run
        self._watch = watch
        self._shown = 0.0

    @property
    def shards(self) -> range:
        return range(self.part.first_shard, self.part.end_shard)

    @property
    def given(self) -> Mapping[str, Any]:
        """What the step said to all its parts."""
        given: Mapping[str, Any] = self.part.given
        return given

    @property
    def folder(self) -> Path:
        """For files on this machine; deleted when this worker leaves the part."""
        return work_folder(self.run) / f"part-{self.part.pk}-{self.part.holder}"

    def show(self, share: float) -> None:
        """Writes the progress (0 to 1) and renews the lease, at most once a second."""
        if monotonic() - self._shown >= SHOW_EVERY:
            self._shown = monotonic()
            self._update(progress=share, lease_until=utc_now() + LEASE)
            if self._watch is not None:
                self._watch()

    def renew(self) -> None:
        self._update(lease_until=utc_now() + LEASE)

    def finish(self, result: Mapping[str, Any]) -> None:
        """Ends the part, if nobody was erased since it was made."""
        with database.atomic():
            self.refuse_void(for_update=True)
            self._end(Part.State.DONE, result=dict(result), progress=1.0)

    def fail(self, error: str) -> None:
        self._end(Part.State.FAILED, error=error)

    def give_back(self, after: timedelta = timedelta()) -> None:
        """Releases the part to any worker, at once or later."""
        self._update(lease_until=utc_now() + after)

    def refuse_void(self, *, for_update: bool = False) -> None:
        """for_update: lets no erasure pass the transaction."""
        if not kept_visits.is_as_seen(self.run.pipeline, self.part.erasures, lock=for_update):
            raise LostPartError(f"{self.part} is void, because somebody was erased")

    def _end(self, state: str, **columns: Any) -> None:
        self._update(state=state, lease_until=None, finished_at=utc_now(), **columns)

    def _update(self, **columns: Any) -> None:
        mine = Part.objects.filter(
            pk=self.part.pk, holder=self.part.holder, state=Part.State.RUNNING
        )
        if not mine.update(**columns):
            raise LostPartError(f"{self.part} is held by another worker, or void")


def part_take(
    *, run_id: int, work: str, watch: Callable[[], None] | None = None
) -> PartLease | None:
    """Leases the next part of a running run that nobody has; None if there is none."""
    now = utc_now()
    free = Q(state=Part.State.QUEUED) | Q(state=Part.State.RUNNING, lease_until__lt=now)
    mine = Part.objects.filter(free, run=run_id, work=work, attempts__lt=MOST_ATTEMPTS)
    waiting = mine.filter(run__state=Run.State.RUNNING).order_by("number")
    while (found := waiting.values_list("pk", flat=True).first()) is not None:
        taken = mine.filter(pk=found).update(
            state=Part.State.RUNNING,
            holder=secrets.token_hex(16),
            host=socket.gethostname()[:100],
            attempts=F("attempts") + 1,
            lease_until=now + LEASE,
            started_at=now,
            progress=0.0,
        )
        if taken:
            rows = Part.objects.select_related("run__surface", "run__pipeline")
            return PartLease(rows.get(pk=found), watch)
    return None
