"""An import's life: begun, found again, superseded by a later one, ended with its parts' counts."""

from __future__ import annotations

import getpass
import os
import socket
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from webapp.lib import database, stored_files
from webapp.lib.times import utc_now
from webapp.subjects.models import Import, ImportPart

TOLD = "told"
"""In what an import was given: what of it is part of its result."""
WHERE = "path"
"""There as well: the first path of its files, by which an import of the same is known."""
FOLDER = "imports"
"""Storage folder of files that name people, a folder per import."""
AGAIN = "What is stored stays. Run the same command again: what is known adds nothing."
STOPPED = f"Stopped. {AGAIN}"
End = Callable[[], Mapping[str, int]]
"""Stores what has to wait for all parts, in the transaction that ends the import; returns counts.
The command alone can do it."""


class FailedImportError(Exception):
    """The import cannot go on; it says what to do."""


def import_new(kind: str, path: str, digest: str, given: Mapping[str, Any]) -> Import:
    """A row that is not saved yet."""
    by = f"{_user()} on {socket.gethostname()}"
    where = {WHERE: os.path.abspath(path)}
    return Import(
        kind=kind,
        files=Path(path).name[:200],
        digest=digest,
        by=by[:200],
        given={**given, **where},
    )


def import_going(digest: str) -> Import | None:
    """The import that an earlier command on the same files, with the same options, left."""
    rows = Import.objects.filter(digest=digest, state=Import.State.RUNNING)
    return rows.exclude(parts=None).order_by("-pk").first()


def import_supersede(imported: Import) -> None:
    """Ends what earlier commands on this file left and `import_going` does not go on with.

    Waits for parts of theirs that are being stored; no other can begin afterwards.
    """
    where = imported.given[WHERE]  # many folders have a visits.csv
    same = Import.objects.filter(kind=imported.kind, **{f"given__{WHERE}": where})
    running = same.filter(state=Import.State.RUNNING)
    left = list(running.exclude(digest=imported.digest) if imported.digest else running)
    for row in left:
        import_fail(row, "The same file was imported anew.")
    with database.atomic():
        busy = ImportPart.objects.select_for_update(of=("self",)).order_by("pk")
        list(busy.filter(imported__in=left, finished_at=None))


def import_join(imported: Import, end: End = dict) -> dict[str, Any]:
    """Ends an import all of whose parts are stored, once; returns its result."""
    with database.atomic():
        row = Import.objects.select_for_update().get(pk=imported.pk)
        is_open = row.state == Import.State.RUNNING
        if is_open and not row.parts.filter(finished_at=None).exists():
            counts: Counter[str] = Counter()
            for result in row.parts.values_list("result", flat=True):
                counts.update(result)
            counts.update(end())
            row.result = {**counts, **row.given.get(TOLD, {})}
            row.state, row.finished_at = Import.State.DONE, utc_now()
            row.save(update_fields=("result", "state", "finished_at"))
            clear = partial(stored_files.clear, f"{FOLDER}/{row.pk}")
            database.on_commit(clear, robust=True)
    return dict(row.result)


def import_fail(imported: Import, error: str) -> None:
    """Ends an import that is still running, with what went wrong in a sentence."""
    running = Import.objects.filter(pk=imported.pk, state=Import.State.RUNNING)
    running.update(state=Import.State.FAILED, error=error, finished_at=utc_now())


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user has no name
        return f"user {os.getuid()}"
