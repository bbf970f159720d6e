"""Renders the possible next steps of a report; they depend on whether the version serves."""

from __future__ import annotations

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from webapp.audits.models import AuditReport
from webapp.audits.services import champion_of, refresh_after
from webapp.codebooks.registry.aliases import champion_before
from webapp.lib.admin_pages import page_of
from webapp.surfaces.models import Surface

Verdict = AuditReport.Verdict
NOBODY_COMPARED = (
    "Nobody was compared with anybody, and more people would not change that: give attributes of "
    "people (manage.py import_visits takes them by --people FILE), then audit again."
)


def to_do(report: AuditReport) -> SafeString:
    surface = champion_of(report)
    if surface is not None:
        return _serving(report, surface)
    if report.verdict == Verdict.EXCEEDS:
        return _refused(report)
    if report.verdict == Verdict.WITHIN:
        return _promoting(report, "Nothing: this audit does not stand in the way of promotion.")
    if report.acknowledged_at:
        return _promoting(report, "It is acknowledged, and stands in the way of promotion no more.")
    again = "With more people (the report says of whom how many), audit again."
    return format_html(
        '<a href="{}">Acknowledge it</a> before this version serves anybody, be it a canary share. '
        "In the shadow it may decide without that. {}",
        reverse("admin:uiengine_audits_auditreport_acknowledge", args=[report.pk]),
        again if report.attributes else NOBODY_COMPARED,
    )


def _refused(report: AuditReport) -> SafeString:
    refresh: str = "Refresh the codebook"
    if report.surface is not None:
        page = reverse("admin:uiengine_surfaces_surface_refresh", args=[report.surface.pk])
        refresh = format_html('<a href="{}">{}</a>', page, refresh)
    return format_html(
        "This version may not be promoted. {} on a batch balanced over the slices that the report "
        "names, then audit again.",
        refresh,
    )


def _serving(report: AuditReport, surface: Surface) -> SafeString:
    page = reverse("admin:uiengine_surfaces_surface_change", args=[surface.pk])
    if report.verdict == Verdict.WITHIN:
        return _plain("Nothing: the version serves already, and may go on.")
    ways = format_html(
        'Who does not want to wait sets the surface to <a href="{}">dry run or off</a>, where '
        "everybody is shown the default layout{}.",
        page,
        _back(report, surface),
    )
    if report.verdict == Verdict.INCONCLUSIVE:
        told = "The version serves already and goes on: an audit that cannot tell changes nothing."
        if not report.attributes:
            return format_html("{} {} {}", told, NOBODY_COMPARED, ways)
        again = reverse("admin:uiengine_surfaces_surface_audit", args=[surface.pk])
        return format_html(
            '{} <a href="{}">Audit again</a> with more people: the report says of whom. {}',
            told,
            again,
            ways,
        )
    told = "The version serves already, and goes on until something changes that."
    return format_html("{} {} {}", told, _refresh(report, surface), ways)


def _back(report: AuditReport, surface: Surface) -> SafeString:
    """The end of a sentence that offers to roll back; empty where nothing served before."""
    if champion_before(surface, report.version) is None:
        return _plain("")
    address = reverse("admin:uiengine_surfaces_surface_rollback", args=[surface.pk])
    return format_html(', or <a href="{}">rolls back</a> to the champion before', address)


def _refresh(report: AuditReport, surface: Surface) -> SafeString:
    pipeline = refresh_after(report)
    if pipeline is not None:
        return format_html(
            'A balanced refresh was started by itself: <a href="{}">{}</a>. What it makes is '
            "audited before it may serve.",
            reverse("admin:uiengine_codebooks_pipeline_change", args=[pipeline.pk]),
            pipeline.get_state_display(),
        )
    return format_html(
        "No refresh was started by itself (another pipeline was under way, or the version did not "
        'serve then): <a href="{}">start one</a>.',
        reverse("admin:uiengine_surfaces_surface_refresh", args=[surface.pk]),
    )


def _promoting(report: AuditReport, told: str) -> SafeString:
    """Adds a link to the version, whose promotion names whatever else stands in the way."""
    return format_html(
        '{} <a href="{}">Promote {}</a> says what else does, if anything.',
        told,
        page_of(report.version, "promote"),
        report.version,
    )


def _plain(text: str) -> SafeString:
    return format_html("{}", text)
