"""A subject's current state on a page: the row, with unfolded events folded over it.

It is cached under a generation. A change of the underlying rows renews the generation; an entry
of another generation is read anew, and so are layouts (see `webapp.layouts.answer.answer_cache`).
An entry lives for a minute, so that changes by a process with its own cache (the embedded set-up)
are seen by then.
"""

from __future__ import annotations

import hashlib
import json
import logging
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, NamedTuple, Protocol

import orjson
from django.core.cache import cache
from django.db import connections, router
from django.db.models import F

from uiengine.page.surface import Surface
from webapp.lib import database
from webapp.lib.batched import batched
from webapp.lib.cache import NOTHING, Entries, store
from webapp.subjects import mappers, visit_state
from webapp.subjects.decisions import erasure_marks, visit_id
from webapp.subjects.models import Event, Profile, Visit
from webapp.subjects.visit_state import FoldTarget, State, fold

log = logging.getLogger(__name__)
LIFETIME = 60
"""Seconds."""
DAY = 86_400
"""Seconds that a generation is kept; it must outlive the entries stored under it."""
PEOPLE_AT_ONCE = 500
ALL_OF_A_SUBJECT = """
SELECT
    s.clock_offset,
    (SELECT sum(times) FROM subjects_erasure WHERE mark IN ({marks})),
    p.id,
    p.version,
    p.state,
    EXISTS (SELECT 1 FROM subjects_event v WHERE v.profile_id = p.id AND v.fold = 'pending')
FROM (SELECT 1) AS always
LEFT JOIN subjects_subject s ON s.key = %s
LEFT JOIN subjects_profile p ON p.subject_id = s.id AND p.surface_id = %s
"""
"""One row even for unknown subjects. Plain SQL, because the ORM takes longer to build these four
queries than the engine takes to decide."""

VERSION_OF_A_SUBJECT = ALL_OF_A_SUBJECT.replace("    p.state,\n", "    NULL,\n")


class VisitedPage(Protocol):
    """The part of a page that this module reads. gap: ms without an event that end a visit."""

    @property
    def surface_id(self) -> int: ...

    @property
    def surface(self) -> Surface: ...

    @property
    def gap(self) -> int: ...


class Unkept(NamedTuple):
    """Cache entries of a state that was read from the database, for `webapp.lib.cache.store`.

    entries: replace older values; once: stored only if their names have no value yet.
    """

    entries: Entries = NOTHING
    once: Entries = NOTHING


@dataclass(frozen=True)
class Live:
    """A subject's state on a page, as `read` returns it.

    clock_offset: seconds that the subject's clock is ahead; times_erased: erasures of its key;
    generation: the one that the state is cached under; unkept: the cache entries of a state that
    came from the database, None if it came from the cache.
    """

    state: State
    clock_offset: int
    times_erased: int
    generation: str
    unkept: Unkept | None = None


class Stored(NamedTuple):
    """A subject on a page as the database has it. state: JSON, as in a profile's row."""

    state: str
    clock_offset: int
    times_erased: int


class RowVersion(NamedTuple):
    """Names a subject's state on a page without reading it: every write raises `version`."""

    profile: int
    version: int
    clock_offset: int
    times_erased: int


def fold_target(key: str, page: VisitedPage) -> FoldTarget:
    """Returns the page's surface and gap, and how this subject's visits to it are named."""
    return FoldTarget(page.surface, page.gap, lambda since: visit_id(key, page.surface.slug, since))


def read(key: str, page: VisitedPage, found: Mapping[str, Any] | None = None) -> Live:
    """Returns the subject's state on a page, without a query if it is cached.

    found: cached values under `names`, if the caller read them already; it then stores
    `Live.unkept` itself.
    """
    name, generation_name = names(key, page.surface.slug)
    known = _cached([name, generation_name]) if found is None else found
    generation = known.get(generation_name)
    kept_as, *kept = known.get(name) or (None,)
    if generation is not None and kept_as == generation:
        return _live(Stored(*kept), generation)
    stored, generation = _load(key, page), generation or secrets.token_hex(8)
    entry = (generation, *stored)
    # If a change renewed the generation meanwhile, this entry's one differs and is not used.
    unkept = Unkept({name: (entry, LIFETIME)}, {generation_name: (generation, DAY)})
    if found is None:
        keep(unkept)
    return _live(stored, generation, unkept)


def _live(stored: Stored, generation: str, unkept: Unkept | None = None) -> Live:
    state = visit_state.load(orjson.loads(stored.state))
    return Live(state, stored.clock_offset, stored.times_erased, generation, unkept)


def keep(unkept: Unkept) -> None:
    _try(lambda: store(unkept.entries, unkept.once))


def forget(key: str, slugs: Iterable[str]) -> None:
    """Renews generations; must be called after a commit that changed the input of `read`."""
    fresh = {names(key, slug)[1]: secrets.token_hex(8) for slug in slugs}
    _try(lambda: cache.set_many(fresh, DAY))


def erase_on_commit(key: str, slugs: Iterable[str]) -> None:
    """Renews generations, and deletes states and the answers that were asked for last."""
    slugs = list(slugs)
    database.on_commit(lambda: _erase(key, slugs))


def _erase(key: str, slugs: Iterable[str]) -> None:
    forget(key, slugs)
    asked = {asked_name(key, slug): names(key, slug)[0] for slug in slugs}
    known = _cached(list(asked))
    answers = [name for answer, *_ in known.values() for name in (answer, f"{answer}:body")]
    _try(lambda: cache.delete_many([*asked, *asked.values(), *answers]))


def forget_on_commit(key: str, slugs: Iterable[str]) -> None:
    slugs = list(slugs)
    database.on_commit(lambda: forget(key, slugs))


def forget_all_on_commit(keys: Iterable[str], slug: str) -> None:
    """As above for many people of one surface, some hundred at a time."""
    database.on_commit(lambda: _forget_all(keys, slug))


def _forget_all(keys: Iterable[str], slug: str) -> None:
    for part in batched(keys, PEOPLE_AT_ONCE):
        fresh = {names(key, slug)[1]: secrets.token_hex(8) for key in part}
        _try(partial(cache.set_many, fresh, DAY))


class _Row(NamedTuple):
    """What the statement returns; without a profile its columns are None."""

    clock_offset: int | None
    times_erased: int | None
    profile: int | None
    version: int | None
    state: str | None
    is_pending: bool


def _load(key: str, page: VisitedPage) -> Stored:
    """Reads the row and folds its pending events over it.

    Both are of one version of the row; two roundtrips, as the database may be far.
    """
    while True:
        row, state = _row(key, page), "{}"
        if not row.is_pending:
            state = row.state or state
        elif pending := _pending(row):
            state = json.dumps(visit_state.dump(_overlaid(key, page, row, pending)))
        else:  # folded or erased in the meantime
            continue
        return Stored(state, row.clock_offset or 0, row.times_erased or 0)


def _row(key: str, page: VisitedPage, statement: str = ALL_OF_A_SUBJECT) -> _Row:
    connection = connections[router.db_for_write(Profile)]
    marks = erasure_marks(key)
    asked = _for_marks(statement, len(marks))
    values: list[Any] = [*marks, key, page.surface_id]
    if (prepared := getattr(connection, "prepared_rows", None)) is not None:  # `webapp.postgres`
        return _Row(*prepared(asked, values)[0])
    with connection.cursor() as cursor:
        cursor.execute(asked, values)
        return _Row(*cursor.fetchone())


@lru_cache(maxsize=16)
def _for_marks(statement: str, marks: int) -> str:
    return statement.format(marks=", ".join(["%s"] * marks))


def row_version(key: str, page: VisitedPage) -> RowVersion | None:
    """Reads which state the database has; None without a profile, or if events are pending."""
    row = _row(key, page, VERSION_OF_A_SUBJECT)
    if row.profile is None or row.version is None or row.is_pending:
        return None
    return RowVersion(row.profile, row.version, row.clock_offset or 0, row.times_erased or 0)


def _pending(row: _Row) -> list[Event]:
    """The row's pending events; none if it has another version by now."""
    waiting = Event.objects.filter(profile=row.profile, fold=Event.Fold.PENDING)
    found: list[Any] = list(
        waiting.select_related("decision")
        .annotate(row_version=F("profile__version"))
        .order_by("happened_at", "pk")
    )
    return found if all(event.row_version == row.version for event in found) else []


def _overlaid(key: str, page: VisitedPage, row: _Row, pending: list[Event]) -> State:
    state = visit_state.load(orjson.loads(row.state or "{}"))
    where = fold_target(key, page)

    def counted(visit: str, block: str) -> bool:
        found = Visit.objects.filter(profile=row.profile, visit=visit).first()
        return found is not None and block in found.uses

    for event in pending:
        fold(state, mappers.to_happened(event), where, counted)
    return state


def names(key: str, slug: str) -> tuple[str, str]:
    """Cache keys of the state and of its generation."""
    digest = _digest(key, slug)
    return f"live:3:{digest}", f"live-generation:{digest}"


def asked_name(key: str, slug: str) -> str:
    """Cache key of how the subject was answered last: a tuple that begins with the answer's key."""
    return f"asked:1:{_digest(key, slug)}"


def _digest(key: str, slug: str) -> str:
    return hashlib.sha256(f"{slug}\n{key}".encode()).hexdigest()[:32]


def _cached(names: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    _try(lambda: found.update(cache.get_many(names)))
    return found


def _try(act: Callable[[], object]) -> None:
    """Ignores errors of the cache: without it reads are slower, but right."""
    try:
        act()
    except Exception:
        log.warning("cache.unavailable", exc_info=True)
