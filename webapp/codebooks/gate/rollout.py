"""Brings a version into service: shadow, canary, and promotion by one or two people."""

from __future__ import annotations

from django.contrib.auth.base_user import AbstractBaseUser

from webapp.codebooks.gate.clearance import PromotionError, version_check
from webapp.codebooks.gate.held import held_decide
from webapp.codebooks.gate.outcome import Outcome, held
from webapp.codebooks.gate.promotion import champion_set
from webapp.codebooks.models import Alias, AliasMove, CodebookVersion, Proposal, Rollout
from webapp.codebooks.registry.aliases import alias_drop, alias_move, surface_lock
from webapp.lib import database
from webapp.surfaces.models import Surface

PIPELINE = "pipeline"
"""Author of the pipeline's moves in the record."""


def rollout_of(surface: Surface) -> Rollout:
    """Returns the surface's rollout settings, or the defaults."""
    return Rollout.objects.filter(surface=surface).first() or Rollout(surface=surface)


@database.atomic
def promotion_ask(
    *,
    version: CodebookVersion,
    surface: Surface,
    why: str,
    by: AbstractBaseUser | None = None,
    by_name: str = "",
) -> AliasMove | Proposal | None:
    """Promotes the version; if the surface needs two people, the first call stores a proposal.

    Returns None if it is champion already. Raises PromotionError if it may not serve, or if someone
    confirms their own proposal.
    """
    name = by_name or (by.get_username() if by else "")
    if not rollout_of(surface).needs_two:
        return champion_set(version=version, surface=surface, why=why, by=by, by_name=name)
    version_check(version, surface)
    if surface.aliases.filter(name=Alias.Name.CHAMPION, version=version).exists():
        return None
    proposal = Proposal.objects.filter(surface=surface, version=version).first()
    if proposal is None:
        return Proposal.objects.create(
            surface=surface,
            version=version,
            by_id=by.pk if by else None,
            by_name=name,
            why=why[:500],
        )
    if _is_by(proposal, by, name):
        raise PromotionError(
            "version",
            version.name,
            f"was proposed by {name} already, and {surface.slug} needs two people",
            "Ask somebody else to promote it.",
        )
    proposal.delete()
    both = f"{why} (proposed by {proposal.by_name}: {proposal.why})"
    return champion_set(version=version, surface=surface, why=both, by=by, by_name=name)


@database.atomic
def challenger_set(
    *,
    version: CodebookVersion,
    surface: Surface,
    share: int,
    why: str,
    by: AbstractBaseUser | None = None,
    by_name: str = "",
) -> AliasMove:
    """Makes the version challenger: in the shadow (share 0), or serving `share` % of subjects.

    Raises PromotionError if it is champion or there is no champion; with a share above 0, also if
    it may not be promoted.
    """
    surface_lock(surface)
    champion = surface.aliases.filter(name=Alias.Name.CHAMPION).first()
    if champion is None or champion.version_id == version.pk:
        problem = "has no champion to stand beside" if champion is None else "is champion already"
        step = "Promote a version first." if champion is None else "Name another version."
        raise PromotionError("surface", surface.slug, f"{version.name} {problem}", step)
    if not 0 <= share <= 50:
        step = "Give a percentage from 0 (shadow) to 50."
        raise PromotionError("share", str(share), "is out of range", step)
    name = by_name or (by.get_username() if by else "")
    if share:
        version_check(version, surface)
        _second_check(version, surface, by, name)
    move = alias_move(
        surface=surface,
        version=version,
        name=Alias.Name.CHALLENGER,
        share=share,
        why=why,
        by=by,
        by_name=by_name,
    )
    where = f"serves {share} % of subjects" if share else "decides in the shadow"
    held_decide(surface=surface, version=version, did=f"It {where}, by {move.by_name}.")
    return move


def _is_by(proposal: Proposal, by: AbstractBaseUser | None, name: str) -> bool:
    """Says whether somebody made the proposal, under whatever name the account had then."""
    return proposal.by_name == name or (by is not None and proposal.by_id == by.pk)


def _second_check(
    version: CodebookVersion, surface: Surface, by: AbstractBaseUser | None, name: str
) -> None:
    """Raises PromotionError if two people are needed and no second person proposed the version."""
    if not rollout_of(surface).needs_two:
        return
    proposed = Proposal.objects.filter(surface=surface, version=version)
    if all(_is_by(proposal, by, name) for proposal in proposed):
        raise PromotionError(
            "share",
            "above 0",
            f"lets {version.name} serve people, and {surface.slug} needs two people for that",
            "Let somebody else propose the version first (promote), or take share 0 (shadow).",
        )


def challenger_end(
    *, surface: Surface, why: str, by: AbstractBaseUser | None = None, by_name: str = ""
) -> AliasMove:
    """Lets the champion serve all subjects. Raises PromotionError without a challenger."""
    name = Alias.Name.CHALLENGER
    move = alias_drop(surface=surface, name=name, why=why, by=by, by_name=by_name)
    if move is None:
        step = "Nothing needs to be done."
        raise PromotionError("surface", surface.slug, "has no challenger", step)
    return move


def after_gate(*, version: CodebookVersion, surface: Surface) -> Outcome:
    """Applies the surface's rollout settings to a version that meets all conditions."""
    rules = rollout_of(surface)
    wanted, choice = rules.after_gate, Rollout.AfterGate
    why = "It meets all conditions of the gate."
    serves = wanted in (choice.PROMOTE, choice.CANARY)
    if wanted == choice.HOLD or (serves and rules.needs_two):  # one person may set the wish
        people = "two people" if rules.needs_two else "a person"
        return held(f"{surface.slug} waits for {people} to promote it.", before=why)
    if wanted == choice.PROMOTE:
        promotion_ask(version=version, surface=surface, why=why, by_name=PIPELINE)
        return Outcome(f"{why} Promoted.")
    share = rules.canary_percent if wanted == choice.CANARY else 0
    challenger_set(version=version, surface=surface, share=share, why=why, by_name=PIPELINE)
    where = f"It serves {share} % of subjects." if share else "It is in the shadow."
    return Outcome(f"{why} {where}")
