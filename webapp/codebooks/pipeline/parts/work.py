"""How each kind of part is done, and one part carried out by whoever has it."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Mapping
from typing import Any

from django.db import InterfaceError, OperationalError

from webapp.codebooks.pipeline.beating import beating
from webapp.codebooks.pipeline.lease import LostRunError, RefusedRunError
from webapp.codebooks.pipeline.parts.lease import AGAIN_AFTER, LostPartError, PartLease, part_take
from webapp.lib import database
from webapp.lib.learning_extra import missing_sentence

log = logging.getLogger(__name__)
Work = Callable[[PartLease], Mapping[str, Any]]
"""Does a part and returns its result. It may be called again for the same part."""
WORKS: dict[str, Work] = {}
PASSING = (OperationalError, InterfaceError, OSError)
"""Errors of a network or a disk, which another attempt may not meet."""


def register(name: str, work: Work) -> None:
    WORKS[name] = work


def part_run(run_id: int, work: str, watch: Callable[[], None] | None = None) -> bool:
    """Does the next part of a run that nobody has; returns False if there is none.

    A refusal, or an error that is not PASSING, fails the part, and `together` the run with it.
    """
    part = part_take(run_id=run_id, work=work, watch=watch)
    if part is None:
        return False
    try:
        with beating(part.renew, f"part-{part.part.pk}"):
            part.finish(WORKS[work](part))
    except LostPartError as lost:
        log.warning("part.lost %s", lost)
    except LostRunError:  # the worker that also has the run
        part.give_back()
        raise
    except Exception as error:
        _end(part, error)
    except BaseException:  # Ctrl-C, or a worker being shut down
        part.give_back()
        raise
    finally:
        shutil.rmtree(part.folder, ignore_errors=True)
    return True


def _end(part: PartLease, error: Exception) -> None:
    """Fails the part, or gives it back where another attempt may go well."""
    if not database.connection().in_atomic_block:
        database.connection().close_if_unusable_or_obsolete()
    try:
        part.refuse_void()
        if isinstance(error, RefusedRunError):
            part.fail(str(error))
            return
        log.warning("part.error %s", part.part, exc_info=error)
        if isinstance(error, PASSING):
            part.give_back(after=AGAIN_AFTER)
        else:
            lacking = missing_sentence() if isinstance(error, ModuleNotFoundError) else ""
            part.fail(lacking or f"{type(error).__name__}: {error}")
    except LostPartError as lost:
        log.warning("part.lost %s", lost)
