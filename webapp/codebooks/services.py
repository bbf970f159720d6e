"""Versions and aliases: registering, moving an alias in one transaction, taking it back."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from uiengine import runtime
from webapp.surfaces.models import Surface

from . import artefacts
from .models import Alias, AliasMove, CodebookVersion


class NothingToRollBack(ValueError):
    """The alias has never pointed to another version."""


def version_register(
    *, source: Path, name: str, surfaces: Iterable[Surface] = (), **columns: Any
) -> CodebookVersion:
    """Checks a version's folder by loading it, stores its files, and adds its row.

    Raises uiengine.errors.VersionError where a file is missing or is not what the manifest says.
    """
    runtime.load(source)
    folder = f"versions/{name}"
    artefacts.put(source, folder)
    with transaction.atomic():
        version = CodebookVersion.objects.create(
            name=name,
            folder=folder,
            manifest=artefacts.read_json(source, artefacts.MANIFEST),
            card=artefacts.read_json(source, artefacts.CARD),
            **{"status": CodebookVersion.Status.TRAINED, **columns},
        )
        version.surfaces.set(surfaces)
    return version


@transaction.atomic
def alias_move(
    *,
    surface: Surface,
    version: CodebookVersion,
    why: str,
    by: User | None = None,
    by_name: str = "",
    name: str = Alias.Name.CHAMPION,
    is_rollback: bool = False,
) -> AliasMove:
    """Points an alias at a version. All web processes see it within a second.

    Raises uiengine.errors.VersionError where the artefact must not serve: nothing moves then.
    """
    runtime.load(artefacts.local(version.folder))
    Surface.objects.select_for_update().get(pk=surface.pk)
    alias = Alias.objects.filter(surface=surface, name=name).first()
    before = alias.version if alias else None
    Alias.objects.update_or_create(surface=surface, name=name, defaults={"version": version})
    if name == Alias.Name.CHAMPION:
        _mark(version, CodebookVersion.Status.CHAMPION)
        if before and not before.aliases.filter(name=Alias.Name.CHAMPION).exists():
            _mark(before, CodebookVersion.Status.RETIRED)
    return AliasMove.objects.create(
        surface=surface,
        name=name,
        before=before,
        after=version,
        by=by,
        by_name=by_name or (by.get_username() if by else "system"),
        why=why,
        is_rollback=is_rollback,
    )


def version_promote(
    *, surface: Surface, version: CodebookVersion, why: str, **who: Any
) -> AliasMove:
    """Makes a version the champion. The first one approved on a surface also becomes its anchor."""
    with transaction.atomic():
        move = alias_move(surface=surface, version=version, why=why, **who)
        if not Alias.objects.filter(surface=surface, name=Alias.Name.ANCHOR).exists():
            anchor = Alias.Name.ANCHOR
            alias_move(surface=surface, version=version, why=why, name=anchor, **who)
    return move


def version_rollback(*, surface: Surface, why: str, **who: Any) -> AliasMove:
    """The last move of the champion, back. A rollback of a rollback goes forward again."""
    last = AliasMove.objects.filter(surface=surface, name=Alias.Name.CHAMPION).first()
    if last is None or last.before is None:
        raise NothingToRollBack(f"{surface.slug} has had no other champion.")
    return alias_move(surface=surface, version=last.before, why=why, is_rollback=True, **who)


def _mark(version: CodebookVersion, status: str) -> None:
    CodebookVersion.objects.filter(pk=version.pk).update(status=status)
