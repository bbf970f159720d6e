"""One part stored by whoever takes it."""

from __future__ import annotations

import logging
import socket
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path

from django.db.models import F, Q, QuerySet

from webapp.lib import database, stored_files
from webapp.lib.times import utc_now
from webapp.subjects.imports.parts.local_files import local_home
from webapp.subjects.models import Import, ImportPart

log = logging.getLogger(__name__)
Show = Callable[[float], None]
"""Is told the share (0 to 1) of a part that is stored."""
Work = Callable[[Import, Mapping[str, Path], Show], Mapping[str, int]]
"""Stores the people of a part's files inside a transaction; returns counts of what was added. It
may be called again for a part whose transaction was taken back."""
WORKS: dict[str, Work] = {}
MOST_ATTEMPTS = 3
BEGINNING = timedelta(seconds=10)
"""Time in which whoever took a part fetches its files, before the part is locked for good."""
PAUSE = 5.0
"""Seconds after an error, which may pass, before anything is tried again here."""
SILENCE = "5min"
"""Time without a statement after which PostgreSQL ends a part's transaction: the link is cut."""


def register(kind: str, work: Work) -> None:
    WORKS[kind] = work


def part_store(imported: Import, show: Show = lambda share: None) -> bool:
    """Stores the next part that nobody has; returns False if there is none.

    After an error others may try again, MOST_ATTEMPTS times in all.
    """
    part = _part_take(imported)
    if part is None:
        return False
    try:
        with tempfile.TemporaryDirectory(prefix="part-", dir=local_home()) as folder:
            files = {
                name: stored_files.fetch(file, Path(folder)) for name, file in part.files.items()
            }
            with database.statements_unlogged(), database.atomic():
                _store(part, imported, files, show)
    except Exception as error:
        log.warning("import.part_error %s", part, exc_info=True)
        if not database.connection().in_atomic_block:
            database.connection().close_if_unusable_or_obsolete()
        unfinished = ImportPart.objects.filter(pk=part.pk, finished_at=None)
        unfinished.update(error=type(error).__name__)
        time.sleep(PAUSE)
    return True


def _part_take(imported: Import) -> ImportPart | None:
    """Counts an attempt at a part outside its transaction, where it outlives a killed worker."""
    with database.atomic():
        free = _unlocked(imported).filter(attempts__lt=MOST_ATTEMPTS)
        part = free.filter(imported__state=Import.State.RUNNING).order_by("attempts").first()
        if part is not None:
            part.attempts += 1
            part.host, part.started_at = socket.gethostname()[:100], utc_now()
            part.error = ""
            part.save(update_fields=("attempts", "host", "started_at", "error"))
    return part


def part_given_up(imported: Import) -> ImportPart | None:
    """A part that nobody may take any more and nobody has."""
    begins = Q(error="", started_at__gte=utc_now() - BEGINNING)
    with database.atomic():
        return _unlocked(imported).filter(attempts__gte=MOST_ATTEMPTS).exclude(begins).first()


def _store(part: ImportPart, imported: Import, files: Mapping[str, Path], show: Show) -> None:
    if database.is_postgres():
        with database.connection().cursor() as cursor:
            cursor.execute(f"SET LOCAL idle_in_transaction_session_timeout = '{SILENCE}'")
    mine = _unlocked(imported).filter(pk=part.pk).first()
    if mine is None:  # another worker took it meanwhile, or has stored it
        ImportPart.objects.filter(pk=part.pk).update(attempts=F("attempts") - 1)
        return
    if not Import.objects.filter(pk=imported.pk, state=Import.State.RUNNING).exists():
        return  # looked at under the part's lock, for which `import_supersede` waits
    mine.result = dict(WORKS[imported.kind](imported, files, show))
    mine.finished_at, mine.error = utc_now(), ""
    mine.save(update_fields=("result", "finished_at", "error"))


def _unlocked(imported: Import) -> QuerySet[ImportPart]:
    """Parts that are not stored and that nobody is storing; they are locked as they are read."""
    rows = ImportPart.objects.select_for_update(of=("self",), skip_locked=True)
    return rows.filter(imported=imported, finished_at=None)
