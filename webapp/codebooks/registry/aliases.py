"""Versions and aliases: registers versions, moves aliases in one transaction, rolls back."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from uiengine.model.version_folder import load_version
from webapp.codebooks.models import Alias, AliasMove, CodebookVersion
from webapp.codebooks.registry import artefacts
from webapp.codebooks.registry.move_record import chain_append
from webapp.lib import database
from webapp.lib.times import utc_now
from webapp.surfaces.models import Surface

OUT = (CodebookVersion.Status.REFUSED, CodebookVersion.Status.REMOVED)
"""States of versions that serve nobody again."""


class NothingToRollBack(ValueError):
    """The alias has never pointed to another version."""


class ChampionChanged(ValueError):
    """The champion changed before the rollback: another version serves."""


def version_register(
    *, source: Path, name: str, surfaces: Iterable[Surface] = (), **columns: Any
) -> CodebookVersion:
    """Checks a version's folder by loading it, stores its files, and adds its row.

    Raises uiengine.errors.VersionError if a file is missing or differs from the manifest.
    """
    load_version(source)
    folder = f"versions/{name}"
    artefacts.put(source, folder)
    with database.atomic():
        version = CodebookVersion.objects.create(
            name=name,
            folder=folder,
            manifest=artefacts.read_json(source, artefacts.MANIFEST),
            card=artefacts.read_json(source, artefacts.CARD),
            **{"status": CodebookVersion.Status.TRAINED, **columns},
        )
        version.surfaces.set(surfaces)
    return version


def surface_lock(surface: Surface) -> None:
    """Locks the surface's aliases until the transaction ends."""
    Surface.objects.select_for_update().get(pk=surface.pk)


@database.atomic
def alias_move(
    *,
    surface: Surface,
    version: CodebookVersion,
    why: str,
    name: str = Alias.Name.CHAMPION,
    share: int = 0,
    **record: Any,
) -> AliasMove:
    """Points an alias at a version. All web processes see it within a second.

    share: a challenger's percentage of subjects. record: by, by_name, is_rollback, figures.
    Raises uiengine.errors.VersionError if the artefact cannot be loaded; then nothing moves.
    """
    artefacts.load(version.folder, version.manifest)
    surface_lock(surface)
    alias = Alias.objects.filter(surface=surface, name=name).first()
    before = alias.version if alias else None
    columns = {"version": version, "share": share, "since": utc_now()}
    Alias.objects.update_or_create(surface=surface, name=name, defaults=columns)
    move = chain_append(
        surface=surface, name=name, before=before, after=version, share=share, why=why, **record
    )
    for row in (before, version):
        if row:
            _mark(row)
    return move


@database.atomic
def alias_drop(*, surface: Surface, name: str, why: str, **record: Any) -> AliasMove | None:
    """Removes an alias; None if it does not exist."""
    surface_lock(surface)
    alias = Alias.objects.filter(surface=surface, name=name).first()
    if alias is None:
        return None
    before = alias.version
    alias.delete()
    move = chain_append(surface=surface, name=name, before=before, after=None, why=why, **record)
    _mark(before)
    return move


def version_promote(
    *, surface: Surface, version: CodebookVersion, why: str, **who: Any
) -> AliasMove:
    """Makes a version the champion and ends its challenge.

    The first version promoted on a surface also becomes its anchor.
    """
    with database.atomic():
        move = alias_move(surface=surface, version=version, why=why, **who)
        if not Alias.objects.filter(surface=surface, name=Alias.Name.ANCHOR).exists():
            anchor = Alias.Name.ANCHOR
            alias_move(surface=surface, version=version, why=why, name=anchor, **who)
        challenger = Alias.Name.CHALLENGER
        if surface.aliases.filter(name=challenger, version=version).exists():
            alias_drop(surface=surface, name=challenger, why=why, **who)
    return move


@database.atomic
def version_rollback(
    *, surface: Surface, why: str, present_seen: int | None = None, **who: Any
) -> AliasMove:
    """Makes the previous champion serve again (see `champion_before`).

    present_seen: primary key of the version the caller saw serving; another one is not rolled back.
    """
    surface_lock(surface)
    present = surface.aliases.filter(name=Alias.Name.CHAMPION).select_related("version").first()
    if present and present_seen not in (None, present.version_id):
        raise ChampionChanged(present.version.name)
    before = champion_before(surface, present.version) if present else None
    if before is None:
        raise NothingToRollBack(f"{surface.slug} has had no other champion.")
    return alias_move(surface=surface, version=before, why=why, is_rollback=True, **who)


def champion_before(surface: Surface, version: CodebookVersion) -> CodebookVersion | None:
    """The latest earlier champion neither out of service nor rolled back since its promotion.

    A rollback after a rollback therefore goes further back, never forward again.
    """
    moves = AliasMove.objects.filter(surface=surface, name=Alias.Name.CHAMPION)
    promoted, taken_back = set(), {version.pk}
    for move in moves.select_related("before").order_by("-pk"):
        before = move.before
        if not move.is_rollback:
            promoted.add(move.after_id)
        elif before and before.pk not in promoted:
            taken_back.add(before.pk)
        if before and before.pk not in taken_back and before.status not in OUT:
            return before
    return None


def _mark(version: CodebookVersion) -> None:
    """Sets the version's status from its aliases. A version that is out stays out."""
    status = CodebookVersion.Status
    aliases = list(version.aliases.exclude(name=Alias.Name.ANCHOR))
    if any(alias.name == Alias.Name.CHAMPION for alias in aliases):
        state = status.CHAMPION
    elif aliases:
        state = status.CANARY if any(alias.share for alias in aliases) else status.SHADOW
    else:
        has_served = version.moves_to.filter(name=Alias.Name.CHAMPION).exists()
        state = status.RETIRED if has_served else status.AUDITED
    rows = CodebookVersion.objects.filter(pk=version.pk).exclude(status__in=OUT)
    rows.update(status=state)
