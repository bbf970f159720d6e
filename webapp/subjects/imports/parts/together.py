"""Makes an import's parts, gives them out, and stores parts too until none is left."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from celery import current_app, group

from webapp.lib import database, stored_files
from webapp.lib.progress import Progress
from webapp.lib.times import utc_now
from webapp.subjects.imports.parts.life import (
    AGAIN,
    FOLDER,
    TOLD,
    End,
    FailedImportError,
    import_fail,
    import_join,
)
from webapp.subjects.imports.parts.local_files import local_sweep
from webapp.subjects.imports.parts.work import MOST_ATTEMPTS, WORKS, part_given_up, part_store
from webapp.subjects.models import Import, ImportPart

TASK = "subjects.import_part"
MOST_ASKED = 16
"""Workers that are asked for help, at most."""
LOOK_EVERY = 0.5
"""Seconds between two looks at parts that others have."""


class Files(Protocol):
    """What `ml.data.part_files.PartFiles` holds."""

    @property
    def shards(self) -> range: ...
    @property
    def rows(self) -> int: ...
    @property
    def files(self) -> Mapping[str, Path]: ...


def import_store(
    imported: Import,
    parts: Sequence[Files],
    prepare: Callable[[], Mapping[str, Any]],
    progress: Progress,
    *,
    end: End = dict,
) -> dict[str, Any]:
    """Stores all parts, one in a single transaction; returns the counts, and what `prepare` said.

    prepare: makes what all parts need, in the transaction after which they may be stored. Raises
    FailedImportError if a part could not be stored.
    """
    if len(parts) < 2:
        with database.statements_unlogged(), database.atomic():
            imported.given[TOLD] = dict(prepare())
            _stored_at_once(imported, parts, progress)
            return import_join(imported, end)
    try:
        names = _files_kept(imported, parts, progress)
        with database.atomic():
            imported.given[TOLD] = dict(prepare())
            _parts_make(imported, parts, names)
    except Exception as error:
        import_fail(imported, f"{type(error).__name__} before anything was stored.")
        stored_files.clear(f"{FOLDER}/{imported.pk}")
        raise
    return import_finish(imported, progress, end)


def import_finish(imported: Import, progress: Progress, end: End = dict) -> dict[str, Any]:
    """Returns the result once all parts are stored, by whomever.

    Raises FailedImportError if a part could not be stored.
    """
    _invite(imported)
    while left := _left(imported):
        total = imported.parts.count()

        def show(share: float, done: int = total - left, total: int = total) -> None:
            progress((done + share) / total, f"{done} of {total} parts stored")

        show(0.0)
        if not part_store(imported, show):
            time.sleep(LOOK_EVERY)
    return import_join(imported, end)


def import_help(import_id: int) -> bool:
    """Stores a part of an import, as a worker that was asked to; returns False if none is left."""
    imported = Import.objects.filter(pk=import_id, state=Import.State.RUNNING).first()
    if imported is None:
        return False
    if part_store(imported):
        return True
    local_sweep(now=utc_now())
    if imported.kind == Import.Kind.VISITS:  # whose command may have died meanwhile
        import_join(imported)
    return False


def _stored_at_once(imported: Import, parts: Sequence[Files], progress: Progress) -> None:
    """Stores all parts inside the caller's transaction."""
    imported.save()
    for number, part in enumerate(parts):

        def show(share: float, before: int = number) -> None:
            progress((before + share) / len(parts), "storing")

        row = _row(imported, number, part, {})
        row.attempts, row.host, row.started_at = 1, socket.gethostname()[:100], utc_now()
        row.result = dict(WORKS[imported.kind](imported, part.files, show))
        row.finished_at = utc_now()
        row.save()


def _files_kept(
    imported: Import, parts: Sequence[Files], progress: Progress
) -> list[dict[str, str]]:
    """Copies the parts' files into the storage; returns their names there."""
    imported.save()  # so that a sweep knows whose files these are
    names = []
    for number, part in enumerate(parts):
        progress(number / len(parts), "keeping what was read for all workers")
        names.append(
            {
                what: stored_files.keep(path, f"{FOLDER}/{imported.pk}/{path.name}")
                for what, path in part.files.items()
            }
        )
    return names


def _parts_make(
    imported: Import, parts: Sequence[Files], names: Sequence[Mapping[str, str]]
) -> None:
    imported.save(update_fields=("given",))
    ImportPart.objects.bulk_create(
        _row(imported, number, part, names[number]) for number, part in enumerate(parts)
    )


def _row(imported: Import, number: int, part: Files, names: Mapping[str, str]) -> ImportPart:
    return ImportPart(
        imported=imported,
        number=number,
        first_shard=part.shards.start,
        end_shard=part.shards.stop,
        rows=part.rows,
        files=dict(names),
    )


def _invite(imported: Import) -> None:
    """Asks workers for help, but not on SQLite, where one process writes at a time.

    Each stores a part and asks for the next, so a lost message costs nothing but speed.
    """
    messages = min(imported.parts.filter(finished_at=None).count() - 1, MOST_ASKED)
    if messages > 0 and database.is_postgres():
        part = current_app.signature(TASK, args=(imported.pk,), immutable=True)
        database.on_commit(group([part] * messages).apply_async, robust=True)


def _left(imported: Import) -> int:
    """Counts the parts that are not stored. Raises FailedImportError if one cannot be."""
    lost = part_given_up(imported)
    if lost is not None:
        words = (
            f"Part {lost.number + 1} was begun {MOST_ATTEMPTS} times and not stored, last on "
            f"{lost.host} ({lost.error or 'the worker died'}); the log there says more."
        )
        import_fail(imported, words)
    row = Import.objects.get(pk=imported.pk)
    if row.state == Import.State.FAILED:
        raise FailedImportError(f"{row.error} {AGAIN}")
    return row.parts.filter(finished_at=None).count()
