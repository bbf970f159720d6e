"""Blockers between a version and serving a surface, all at once, each with its next step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from uiengine.errors import EngineError
from webapp.codebooks.gate.standing import EXCEEDS, Look, look_of, standing
from webapp.codebooks.models import Alias, CodebookVersion
from webapp.codebooks.registry.aliases import surface_lock
from webapp.surfaces.models import Surface

ACKNOWLEDGE = "Acknowledge it in the admin, or promote with --acknowledge NAME --why TEXT."


class PromotionError(EngineError):
    """The version may not serve a surface; the message names the next step."""


@dataclass(frozen=True)
class Blocker:
    """A reason against serving.

    problem: "was not audited"; step: on the command line; label, page, args: the next step in the
    admin, as a page's name and its arguments; permission: required by that page. is_final: nobody's
    name lifts it.
    """

    problem: str
    step: str
    label: str = ""
    page: str = ""
    args: tuple[int, ...] = ()
    permission: str = ""
    is_final: bool = False


class BlockedError(PromotionError):
    """A promotion that is refused, with all its blockers at once."""

    def __init__(self, version: CodebookVersion, blockers: Sequence[Blocker]) -> None:
        self.blockers = tuple(blockers)
        problem = "; it ".join(blocker.problem for blocker in blockers)
        steps = dict.fromkeys(blocker.step for blocker in blockers)
        super().__init__("version", version.name, problem, " ".join(steps))


def version_check(version: CodebookVersion, surface: Surface) -> None:
    """Raises BlockedError if the version may not serve the surface.

    Must be called in the transaction that moves the alias: it locks the surface first, so the
    second of two concurrent promotions is judged against the champion set by the first.
    """
    surface_lock(surface)
    version.refresh_from_db(fields=("status",))
    surface.refresh_from_db(fields=("revision",))
    found = blockers(version, surface)
    if found:
        raise BlockedError(version, found)


def blockers(version: CodebookVersion, surface: Surface) -> list[Blocker]:
    """Returns the blockers; those of audit and gate only if the version fits the surface."""
    found = list(_fit(version, surface))
    if found or not version.manifest.get("surfaces"):  # innate versions are judged once they serve
        return found
    gate = list(_gate(version, surface))
    is_failed = any(blocker.is_final for blocker in gate)
    return [*_audit(version, surface, asks_name=not is_failed), *gate]


def _fit(version: CodebookVersion, surface: Surface) -> Iterator[Blocker]:
    trained_for = version.manifest.get("surfaces", [])
    if trained_for and surface.slug not in trained_for:
        yield Blocker(
            f"is not trained for {surface.slug} (but for {', '.join(trained_for)})",
            f"Retrain first: manage.py retrain --surface {surface.slug}",
            f"Retrain {surface.slug}",
            "uiengine_surfaces_surface_retrain",
            (surface.pk,),
            "uiengine_codebooks.add_pipeline",
        )
    if version.status == CodebookVersion.Status.REFUSED:
        yield Blocker("was refused", "Promote another version.")
    if version.status == CodebookVersion.Status.REMOVED:
        yield Blocker("was removed: its files are deleted", "Promote another version, or retrain.")


def _audit(
    version: CodebookVersion, surface: Surface, *, asks_name: bool = True
) -> Iterator[Blocker]:
    """Considers all audits of the version: a later, smaller one does not undo an earlier
    finding.

    asks_name: whether an unclear one is told, for a name; it would not help where the gate failed.
    """
    looks = looks_standing(version, surface)
    exceeding = next((look for look in looks if look.verdict == EXCEEDS), None)
    unclear = next((look for look in looks if _is_unclear(look)), None)
    if not looks:
        yield Blocker(
            "was not audited",
            f"Run manage.py audit --surface {surface.slug} --codebook {version.name}",
            "Ask for an audit",
            "uiengine_codebooks_codebookversion_audit",
            (version.pk, surface.pk),
            "uiengine_codebooks.add_run",
        )
    elif exceeding:
        yield Blocker(
            f"serves some people worse than tolerated (audit {exceeding.pk})",
            "Read the report, retrain, and audit again. An audit of fewer people, or by other "
            "attributes, does not take this one back.",
            "Read the report",
            "uiengine_audits_auditreport_change",
            (exceeding.pk,),
            "uiengine_audits.view_auditreport",
        )
    elif unclear and asks_name:
        yield Blocker(
            f"has an inconclusive audit that nobody has acknowledged (audit {unclear.pk})",
            ACKNOWLEDGE,
            f"Acknowledge audit {unclear.pk}",
            "uiengine_audits_auditreport_acknowledge",
            (unclear.pk,),
            "uiengine_audits.change_auditreport",
        )


def looks_standing(version: CodebookVersion, surface: Surface) -> list[Look]:
    """Returns the audits of a version on a surface that still count, latest first."""
    rows = version.audit_reports.filter(surface=surface).order_by("created_at", "pk")
    columns = ("pk", "verdict", "attributes", "acknowledged_at", "report__surfaces")
    return standing(look_of(row) for row in rows.values(*columns))


def _is_unclear(look: Look) -> bool:
    return look.verdict == "inconclusive" and look.acknowledged_at is None


def _gate(version: CodebookVersion, surface: Surface) -> Iterator[Blocker]:
    """Considers the latest judgement: not a smoke run, of this revision, against today's
    champion."""
    report = version.gate_reports.filter(surface=surface).first()
    champion = surface.aliases.filter(name=Alias.Name.CHAMPION).first()
    if report is None:
        yield _judge("was not judged by the gate", version, surface)
        return
    if champion and champion.version_id not in (report.champion_id, version.pk):
        beside = f"was judged beside another champion than {champion.version} (gate {report.pk})"
        yield _judge(beside, version, surface)
        return
    if report.is_smoke:
        yield _judge(
            f"was judged in a smoke run only, on a few random people (gate {report.pk})",
            version,
            surface,
        )
        return
    if report.revision != surface.revision:
        yield _judge(
            f"has to be judged again: {surface.slug} was edited since gate {report.pk}",
            version,
            surface,
        )
        return
    failed = [c["text"] for c in report.conditions if c["verdict"] == report.Verdict.FAILED]
    # An unclear audit is acknowledged itself, see `_audit`.
    others = [c for c in report.conditions if c["name"] != "audit"]
    unclear = [c["text"] for c in others if c["verdict"] == report.Verdict.UNCLEAR]
    if failed:
        yield Blocker(
            f"does not pass the gate ({report.pk}): {_joined(failed)}",
            "Retrain, and let it be judged.",
            f"Read gate report {report.pk}",
            "uiengine_codebooks_gatereport_change",
            (report.pk,),
            "uiengine_codebooks.view_gatereport",
            is_final=True,
        )
    elif unclear and report.acknowledged_at is None:
        yield Blocker(
            f"is not cleared by the gate ({report.pk}): {_joined(unclear)}",
            ACKNOWLEDGE,
            f"Acknowledge gate {report.pk}",
            "uiengine_codebooks_gatereport_acknowledge",
            (report.pk,),
            "uiengine_codebooks.change_alias",
        )


def _joined(sentences: Sequence[str]) -> str:
    """Joins the sentences without the last full stop, because the quoting sentence has its own."""
    return " ".join(sentences).removesuffix(".")


def _judge(problem: str, version: CodebookVersion, surface: Surface) -> Blocker:
    return Blocker(
        problem,
        f"Run manage.py judge {version.name} --surface {surface.slug}",
        "Let the gate judge it",
        "uiengine_codebooks_codebookversion_judge",
        (version.pk, surface.pk),
        "uiengine_codebooks.add_run",
    )
