"""Collects until nobody is erased meanwhile, and again where an erasure voided what was there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar

from webapp.codebooks.pipeline import kept_visits
from webapp.codebooks.pipeline.collecting.jobs import (
    WORK,
    collected,
    collecting_run,
    pipeline_of,
)
from webapp.codebooks.pipeline.lease import Lease, RefusedRunError
from webapp.codebooks.pipeline.parts.together import parts_forget
from webapp.lib import database, stored_files
from webapp.subjects.models import TrainingErasure

Read = TypeVar("Read")
MOST_TRIES = 20
"""Times that visits are collected for one step, because people are erased meanwhile."""


def collect(lease: Lease) -> None:
    """Saves today's visits for the later steps; for a refresh, also the people to learn from."""
    lease.show(0.0, "collecting visits")
    _collect_until_saved(lease, lease.finish)


def _collect_until_saved(lease: Lease, save: Callable[[dict[str, Any]], None]) -> None:
    """Collects again while somebody is erased meanwhile, so that no file keeps them."""
    pipeline = pipeline_of(lease)
    while True:
        seen = kept_visits.erasures_seen(pipeline)
        try:
            result = collected(lease, seen)
        except kept_visits.VoidError:
            kept_visits.files_sweep()
            continue
        with database.atomic():
            if kept_visits.is_as_seen(pipeline, seen):
                TrainingErasure.objects.filter(run=collecting_run(pipeline)).delete()
                save(result)
                break
        kept_visits.files_sweep()
    stored_files.clear(kept_visits.snapshot_folder(pipeline), ("people",))


def read_collected(lease: Lease, read: Callable[[Mapping[str, Any]], Read]) -> Read:
    """Reads files that collecting left. Collects again if an erasure has voided them.

    left["erasures"] is the `seen` of parts that read the files.
    """
    pipeline = pipeline_of(lease)
    for number in range(MOST_TRIES):
        left = kept_visits.collected(pipeline)
        try:
            found = read(left)
            if kept_visits.collected(pipeline) == left:
                return found
        except (KeyError, FileNotFoundError, kept_visits.VoidError):
            if number:  # the parts that this run collected are gone, too
                parts_forget(lease.run, WORK)
            lease.show(0.0, "collecting visits again, without people who were erased")
            _collect_until_saved(lease, partial(kept_visits.collected_save, pipeline))
    raise RefusedRunError(
        f"the collected visits were gone {MOST_TRIES} times. Look at the storage."
    )
