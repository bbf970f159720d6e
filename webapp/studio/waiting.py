"""Lists what waits for a person, each with its next step.

The number of queries is fixed, but for a few more for each surface with a held pipeline.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from django.db.models import Model, OuterRef, QuerySet, Subquery
from django.urls import reverse
from django.utils.text import Truncator

from webapp.audits.mail import AT_MOST, recipients
from webapp.audits.models import AuditReport
from webapp.codebooks.gate.clearance import blockers
from webapp.codebooks.models import Alias, CodebookVersion, GateReport, Pipeline, Proposal
from webapp.lib.admin_pages import page_of
from webapp.lib.times import utc_now
from webapp.studio.health import MOST_SURFACES, Sign
from webapp.surfaces.models import Surface

MOST = 50
MOST_WORDS = 40


@dataclass(frozen=True)
class Waiting:
    """An item of the list.

    state: bad where people are served worse or work has stopped, look where a person's name is
    needed. label, address: link to the page that deals with it.
    """

    state: str
    says: str
    label: str
    address: str


class Permitted(Protocol):
    """A user of the host's model, or nobody."""

    def has_perm(self, perm: str) -> bool: ...


def waiting(user: Permitted) -> list[Waiting]:
    """Returns the items that the user may see, worst first."""
    surfaces = _surfaces()
    found: list[Waiting] = []
    if user.has_perm("uiengine_audits.view_auditreport"):
        found += [*_audits(surfaces), *_untold()]
    if user.has_perm("uiengine_codebooks.view_gatereport"):
        found += _gates(surfaces)
    if user.has_perm("uiengine_codebooks.view_pipeline"):
        found += _pipelines(surfaces)
    if user.has_perm("uiengine_codebooks.view_codebookversion"):
        found += _proposals(
            "promote" if user.has_perm("uiengine_codebooks.change_alias") else "change"
        )
    return sorted(found, key=lambda item: item.state)


def sign(items: list[Waiting]) -> Sign:
    """Returns a sign of health for the items, since all others may be ok while items wait."""
    if not items:
        return Sign("Waiting for you", "ok", "Nothing.")
    count = len(items)
    says = "1 thing waits" if count == 1 else f"{count} things wait"
    return Sign("Waiting for you", "look", f"{says} for a person.", "See the list above.")


def _surfaces() -> dict[int, Surface]:
    """Returns surfaces by key, annotated with their champion, challenger and newest version.

    Reports on older versions need no person any more.
    """
    alias = Alias.objects.filter(surface=OuterRef("pk")).values("version_id")
    newest = CodebookVersion.objects.filter(surfaces=OuterRef("pk")).order_by("-created_at", "-pk")
    judged = GateReport.objects.filter(surface=OuterRef("pk"), version=OuterRef("newest_id"))
    judged = judged.order_by("-created_at", "-pk")
    rows = Surface.objects.annotate(
        champion_id=Subquery(alias.filter(name=Alias.Name.CHAMPION)[:1]),
        challenger_id=Subquery(alias.filter(name=Alias.Name.CHALLENGER)[:1]),
        newest_id=Subquery(newest.values("pk")[:1]),
        newest_gate=Subquery(judged.values("verdict")[:1]),
    )
    return {row.pk: row for row in rows[:MOST_SURFACES]}


def _candidates(surface: Any) -> set[int | None]:
    """Returns the versions whose unclear audit a name helps: not one that failed the gate."""
    is_failed = surface.newest_gate == GateReport.Verdict.FAILED
    return {surface.challenger_id} | (set() if is_failed else {surface.newest_id})


def _latest(model: type[Model], *same: str, **wanted: Any) -> QuerySet[Any]:
    """Returns the last row of each group equal in the fields `same`, if it matches `wanted`."""
    group = model._default_manager.filter(**{name: OuterRef(name) for name in same})
    last = Subquery(group.order_by("-created_at", "-pk").values("pk")[:1])
    rows = model._default_manager.filter(pk=last, **wanted)
    return rows.select_related("version").order_by("-created_at", "-pk")


def _audits(surfaces: dict[int, Surface]) -> Iterator[Waiting]:
    verdict = AuditReport.Verdict
    shown = (verdict.EXCEEDS, verdict.INCONCLUSIVE)
    rows = _latest(AuditReport, "surface", "version", verdict__in=shown, surface__in=surfaces)
    for report in rows.filter(acknowledged_at=None).defer("report", "html")[:MOST]:
        surface: Any = surfaces[report.surface_id]
        serves = report.version_id == surface.champion_id
        page = reverse("admin:uiengine_audits_auditreport_change", args=[report.pk])
        if report.verdict == verdict.EXCEEDS and serves:
            says = f"{surface.slug}: {report.version}, which serves, treats some people worse than "
            says += "tolerated. Its report says what can be done now."
            yield Waiting("bad", says, f"Audit {report.pk}", page)
        elif report.verdict == verdict.INCONCLUSIVE and (
            serves or report.version_id in _candidates(surface)
        ):
            says = f"{surface.slug}: the audit of {report.version} could not tell. It waits for a "
            yield Waiting("look", f"{says}name.", f"Audit {report.pk}", page)


def _untold() -> Iterator[Waiting]:
    late = utc_now() - AT_MOST
    exceeds = AuditReport.objects.filter(verdict=AuditReport.Verdict.EXCEEDS, mailed_at=None)
    if not exceeds.filter(created_at__gte=late).exists() or recipients():
        return
    says = "An audit exceeds, and nobody is told by mail: set AUDIT_EMAILS, or give members of "
    page = reverse("admin:uiengine_audits_auditreport_changelist") + "?verdict__exact=exceeds"
    yield Waiting("bad", f"{says}the group auditor an address.", "Audits that exceed", page)


def _gates(surfaces: dict[int, Surface]) -> Iterator[Waiting]:
    unclear = GateReport.Verdict.UNCLEAR
    rows = _latest(GateReport, "surface", "version", verdict=unclear, surface__in=surfaces)
    for report in rows.filter(acknowledged_at=None)[:MOST]:
        surface: Any = surfaces[report.surface_id]
        candidates = {surface.challenger_id, surface.newest_id} - {surface.champion_id}
        if report.version_id in candidates:
            says = f"{surface.slug}: the gate could not tell about {report.version}. It waits for "
            page = reverse("admin:uiengine_codebooks_gatereport_change", args=[report.pk])
            yield Waiting("look", f"{says}a name.", f"Gate report {report.pk}", page)


def _pipelines(surfaces: dict[int, Surface]) -> Iterator[Waiting]:
    """Yields a surface's last pipeline if it failed or was held and its version does not serve."""
    ended = (Pipeline.State.FAILED, Pipeline.State.HELD)
    for line in _latest(Pipeline, "surface", state__in=ended, surface__in=surfaces)[:MOST]:
        surface: Any = surfaces[line.surface_id]
        if line.version_id and line.version_id == surface.champion_id:
            continue
        is_failed = line.state == Pipeline.State.FAILED
        says = f"{surface.slug}, {line.get_kind_display().lower()}: "
        says += Truncator(line.outcome).words(MOST_WORDS)
        if not is_failed and line.version and not blockers(line.version, surface):
            says = f"{surface.slug}: nothing stands in the way of {line.version} now. It waits for "
            says += "somebody to promote it."
        label = f"Pipeline {line.pk}"
        yield Waiting("bad" if is_failed else "look", says, label, page_of(line))


def _proposals(step: str) -> Iterator[Waiting]:
    for row in Proposal.objects.select_related("surface", "version")[:MOST]:
        says = f"{row.surface.slug}: {row.by_name} proposed {row.version}. A second person has to "
        page = reverse(f"admin:uiengine_codebooks_codebookversion_{step}", args=[row.version_id])
        yield Waiting("look", f"{says}promote it as well.", str(row.version), page)
