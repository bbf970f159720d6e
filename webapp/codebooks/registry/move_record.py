"""The record of alias moves is a hash chain: each digest covers the previous row's digest.

Changing, adding or removing a row breaks the chain from there on. Removing the last rows does not,
but then the aliases contradict the record. Someone who can write to the database can also compute a
whole new chain, so keep a copy of the head elsewhere and compare.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser

from webapp.codebooks.models import Alias, AliasMove, CodebookVersion
from webapp.lib.times import utc_now
from webapp.surfaces.models import Surface

START = "0" * 64
"""The `previous` digest of the first row."""


@dataclass(frozen=True)
class Checked:
    """The result of a check. head: digest of the last row."""

    rows: int
    head: str
    problems: tuple[str, ...]


def digest_of(stated: Mapping[str, Any], previous: str) -> str:
    """SHA-256 over canonical JSON of the row and the previous digest."""
    text = json.dumps({"previous": previous, **stated}, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def chain_append(
    *,
    surface: Surface,
    name: str,
    before: CodebookVersion | None,
    after: CodebookVersion | None,
    why: str,
    by: AbstractBaseUser | None = None,
    by_name: str = "",
    share: int = 0,
    is_rollback: bool = False,
    figures: Mapping[str, Any] | None = None,
) -> AliasMove:
    """Adds a row. Must be called in the transaction that moves the alias."""
    move = AliasMove(
        surface=surface,
        name=name,
        before=before,
        after=after,
        share=share,
        by_id=by.pk if by else None,
        by_name=by_name or (by.get_username() if by else "system"),
        why=why[:500],
        is_rollback=is_rollback,
        figures=dict(figures or {}),
        at=utc_now(),
        previous=_head_locked(),
    )
    move.stated = stated_of(move)
    move.digest = digest_of(move.stated, move.previous)
    move.save()
    return move


def stated_of(move: AliasMove) -> dict[str, Any]:
    """Returns the row's content in values that outlive the rows it refers to."""
    return {
        "surface": move.surface.slug if move.surface else "",
        "alias": move.name,
        "before": _name(move.before),
        "after": _name(move.after),
        "share": move.share,
        "by": move.by_name,
        "why": move.why,
        "is_rollback": move.is_rollback,
        "figures": move.figures,
        "at": move.at.isoformat(),
    }


def chain_check(head: str = "") -> Checked:
    """Checks the whole record. head: a digest noted earlier, which must still be among the rows."""
    problems, previous, rows, seen = [], START, 0, {START}
    for move in _rows():
        rows += 1
        said = f"row {move.pk} ({move.at:%Y-%m-%d %H:%M}, {move.name})"
        if move.previous != previous:
            problems.append(f"{said}: the row before it was changed, added or taken out")
        if digest_of(move.stated, move.previous) != move.digest:
            problems.append(f"{said}: what it states was changed")
        problems += [f"{said}: {field} was changed" for field in _differences(move)]
        previous = move.digest
        seen.add(previous)
    if head and head not in seen:
        problems.append(f"head {head[:12]}… is no longer in the record: rows were taken off")
    problems += _aliases_that_differ()
    return Checked(rows, previous, tuple(problems))


def _rows() -> Iterator[AliasMove]:
    moves = AliasMove.objects.select_related("surface", "before", "after")
    yield from moves.order_by("pk").iterator(chunk_size=1000)


def _head_locked() -> str:
    """Locks the last row until the transaction ends, and returns its digest.

    It reads again after locking, because another transaction may have added a row meanwhile.
    """
    last = None
    while True:
        found = AliasMove.objects.select_for_update().order_by("-pk").first()
        if found == last:
            return found.digest if found else START
        last = found


def _differences(move: AliasMove) -> list[str]:
    """Columns that say something else than what was hashed; a surface may be gone since."""
    now = stated_of(move)
    gone = {"surface"} if move.surface is None else set()
    return [name for name in now if name not in gone and now[name] != move.stated.get(name)]


def _aliases_that_differ() -> list[str]:
    """Aliases that point elsewhere than the record's last row about them says."""
    said: dict[tuple[str, str], str] = {}
    for stated in AliasMove.objects.order_by("pk").values_list("stated", flat=True):
        about = str(stated.get("surface", "")), str(stated.get("alias", ""))
        said[about] = str(stated.get("after", ""))
    found = {
        (alias.surface.slug, str(alias.name)): _name(alias.version)
        for alias in Alias.objects.select_related("surface", "version")
    }
    slugs = set(Surface.objects.values_list("slug", flat=True))
    return [
        f"{name} of {slug} is {found.get((slug, name)) or 'nobody'}, "
        f"the record says {said.get((slug, name)) or 'nobody'}"
        for slug, name in sorted({*found, *said})
        if slug in slugs and found.get((slug, name), "") != said.get((slug, name), "")
    ]


def _name(version: CodebookVersion | None) -> str:
    """A version's name and content id, which identify it."""
    return f"{version.name} {version.manifest.get('id', '')}".strip() if version else ""
