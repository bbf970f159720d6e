"""Champions: promotes cleared versions, rolls back, and installs the innate version."""

from __future__ import annotations

import logging
from pathlib import Path

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import IntegrityError

from uiengine.errors import EngineError
from webapp.codebooks.gate.acknowledging import acknowledge_once
from webapp.codebooks.gate.clearance import PromotionError, version_check
from webapp.codebooks.gate.held import held_decide
from webapp.codebooks.models import Alias, AliasMove, CodebookVersion, GateReport, Rollout
from webapp.codebooks.registry.aliases import (
    ChampionChanged,
    NothingToRollBack,
    version_promote,
    version_rollback,
)
from webapp.codebooks.registry.artefacts import MANIFEST
from webapp.codebooks.registry.store import manifest_read, version_store
from webapp.host import FIXTURES
from webapp.lib import database
from webapp.surfaces.models import Surface

log = logging.getLogger(__name__)

INNATE_FOLDER = FIXTURES / "innate"
INNATE = "innate"
ENGINE = "engine"
"""Author of automatic moves in the record."""


@database.atomic
def champion_set(
    *,
    version: CodebookVersion,
    surface: Surface,
    why: str,
    by: AbstractBaseUser | None = None,
    by_name: str = "",
) -> AliasMove | None:
    """Makes the version champion of the surface; returns None if it already is.

    Raises PromotionError if it was not trained for the surface or if its audit or the gate blocks
    it; VersionError if its files are damaged.
    """
    version_check(version, surface)
    present = Alias.objects.filter(surface=surface, name=Alias.Name.CHAMPION, version=version)
    if present.exists():
        return None
    move = version_promote(surface=surface, version=version, why=why[:500], by=by, by_name=by_name)
    did = f"Promoted by {move.by_name}."
    held_decide(surface=surface, version=version, did=did, ends_others=True)
    return move


def champion_return(
    *,
    surface: Surface,
    why: str,
    present_seen: int | None = None,
    by: AbstractBaseUser | None = None,
    by_name: str = "",
) -> AliasMove:
    """Rolls back to the previous champion.

    Raises PromotionError if there is none, or if another version than `present_seen` (a primary
    key) serves by now.
    """
    try:
        return version_rollback(
            surface=surface, why=why[:500], present_seen=present_seen, by=by, by_name=by_name
        )
    except ChampionChanged as error:
        problem = f"is served by {error} by now, not by the version this form was opened for"
        step = "Nothing was rolled back. Open the surface again and look at what serves it."
        raise PromotionError("surface", surface.slug, problem, step) from error
    except NothingToRollBack as error:
        problem, step = "has no earlier champion to go back to", "Promote a version instead."
        raise PromotionError("surface", surface.slug, problem, step) from error


def innate_version() -> CodebookVersion | None:
    """The latest version that was trained for no particular surface."""
    return CodebookVersion.objects.filter(manifest__surfaces=[]).order_by("-created_at").first()


def surface_adopt_innate(*, surface: Surface) -> AliasMove | None:
    """Makes the innate version champion of a surface without one."""
    innate = innate_version()
    if innate is None or surface.aliases.filter(name=Alias.Name.CHAMPION).exists():
        return None
    why = "The innate version serves until a trained one is promoted."
    return champion_set(version=innate, surface=surface, why=why, by_name=ENGINE)


def surface_first_version(*, surface: Surface) -> None:
    """Lets the innate version serve a surface without a champion.

    The shipped one is stored first where the database has none. Where it cannot be stored, the
    default layout is served, and the log says why.
    """
    if innate_version() is None and (INNATE_FOLDER / MANIFEST).is_file():
        try:
            innate_ship()
        except (OSError, EngineError, IntegrityError) as error:
            log.warning("codebooks.innate_not_stored %s", error)
    surface_adopt_innate(surface=surface)


@database.atomic
def innate_ship(*, folder: Path = INNATE_FOLDER) -> CodebookVersion:
    """Makes the shipped version champion of surfaces that have none or an older innate one.

    Where two people are needed, an older innate one stays.
    """
    before = innate_version()
    content = manifest_read(folder)["id"]
    name = f"{INNATE}-{content}" if before else INNATE
    innate, is_new = version_store(folder=folder, name=name)
    if is_new and before is not None:
        champions = Alias.objects.filter(version=before, name=Alias.Name.CHAMPION)
        needing = Rollout.objects.filter(needs_two=True).values("surface")
        for alias in champions.exclude(surface__in=needing).select_related("surface"):
            why = "A newer innate version was shipped."
            champion_set(version=innate, surface=alias.surface, why=why, by_name=ENGINE)
    for surface in Surface.objects.all():
        surface_adopt_innate(surface=surface)
    return innate


def gate_acknowledge(*, report: GateReport, name: str, why: str) -> None:
    """Records that a named person accepts an unclear gate report.

    Raises ValueError if the report is not unclear, or somebody has accepted it: who did first
    stays.
    """
    if report.verdict != GateReport.Verdict.UNCLEAR:
        raise ValueError(f"verdict: only an unclear gate is acknowledged, not {report.verdict}")
    acknowledge_once(report, name, why)
