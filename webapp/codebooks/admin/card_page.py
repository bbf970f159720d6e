"""Renders a version's card as a page: purpose, cost, quality and limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from django.template.loader import render_to_string
from django.utils import translation
from django.utils.safestring import SafeString, mark_safe

from webapp.codebooks.admin.card_html import card_html
from webapp.codebooks.admin.churn_html import first_token_words
from webapp.codebooks.gate.churn import slice_name
from webapp.codebooks.models import Alias, CodebookVersion, GateReport
from webapp.codebooks.registry.training_record import version_erasures, version_subjects
from webapp.lib import schedule_rows

KL_WANTED = (0.10, 0.20)
"""Range of the KL share for at least 80 % of the later epochs (the loss, ml/README.md)."""
LATER = 0.3
"""Share of the epochs during which β still rises."""
CADENCE = ("codebooks.retrain_all", "audits.audit_all")
MOST_NAMED = 6
WIDTH, HEIGHT, LEFT, FOOT = 340.0, 150.0, 42.0, 26.0
DETAILS = ("settings", "history", "reliability", "calibration")
"""Parts shown collapsed and unchanged."""


def card_page(version: CodebookVersion) -> SafeString:
    """Renders the card as escaped HTML; parts missing from an older release's card show as
    unknown."""
    card = version.card
    details = [(name, card_html(card[name])) for name in DETAILS if name in card]
    context = {
        "version": version,
        "card": card,
        "audits": [_audit(report) for report in _latest_audits(version)],
        "churn": list(_churn(version)),
        "serves": _serves(version),
        "people": version_subjects(version),
        "erased": version_erasures(version),
        "slots": card.get("growth", {}).get("slots_by_epoch", [])[-1:],
        "kl": _kl(card.get("kl_shares") or []),
        "cadence": _cadence(),
        "curve": mark_safe(curve_svg(card.get("rate_distortion") or [])),
        "parity": _parity(card),
        "files": _files(card),
        "layout_files": _files(card.get("layouts") or {}),
        "details": details,
    }
    with translation.override("en"):  # as its sentences are, where 1,702 is a thousand and more
        return render_to_string("uiengine_codebooks/card.html", context)


def _files(part: Mapping[str, Any]) -> dict[str, Any] | None:
    """Sizes of a part's files in KiB, in total and each."""
    sizes = {name: size / 1024 for name, size in part.get("bytes", {}).items()}
    return {"total": sum(sizes.values()), "each": sizes} if sizes else None


def _latest_audits(version: CodebookVersion) -> list[Any]:
    """The latest audit report on each surface."""
    latest: dict[int | None, Any] = {}
    for report in version.audit_reports.select_related("surface").order_by("created_at", "pk"):
        latest[report.surface_id] = report
    return list(latest.values())


def _churn(version: CodebookVersion) -> Iterator[dict[str, Any]]:
    """What it moved by itself, by the latest gate report on each surface that counted it."""
    latest: dict[int, GateReport] = {}
    rows = version.gate_reports.select_related("surface", "champion")
    for report in rows.order_by("created_at", "pk"):
        latest[report.surface_id] = report
    for report in latest.values():
        for found in report.conditions:
            if found["name"] == "churn" and found["figure"] is not None:
                shown = [s for s in found["slices"] if s["moved"] is not None]
                worst = max(shown, key=lambda s: s["moved"], default=None)
                yield {
                    "report": report,
                    "found": found,
                    "worst": worst and f"{slice_name(worst)}: {worst['moved']:.3g}",
                    "first_token": first_token_words(found["first_token"]),
                }


def _audit(report: Any) -> dict[str, Any]:
    rows = [row for row in report.report.get("slices", []) if row["verdict"]]
    worse = [r for r in rows if r["verdict"] == "exceeds" and r.get("direction") == "worse"]
    counts = {v: sum(row["verdict"] == v for row in rows) for v in report.Verdict.values}
    named = [f"{_slice(row)}: {row['metric'].replace('_', ' ')}" for row in worse[:MOST_NAMED]]
    return {"report": report, "counts": counts, "named": named, "more": len(worse) - len(named)}


def _slice(row: Mapping[str, Any]) -> str:
    return " × ".join(f"{name} {value}" for name, value in row["slice"].items())


def _serves(version: CodebookVersion) -> list[str]:
    rows = Alias.objects.filter(version=version).select_related("surface")
    return [f"{alias.name} of {alias.surface.slug}" for alias in rows.order_by("name", "pk")]


def _kl(shares: Sequence[float]) -> dict[str, Any] | None:
    """The KL share of the gradient at the encoder's output, over the epochs after β's rise."""
    later = list(shares)[round(LATER * len(shares)) :]
    if not later:
        return None
    low, high = KL_WANTED
    held = sum(low <= share <= high for share in later) / len(later)
    return {"mean": sum(later) / len(later), "held": held, "is_held": held >= 0.8}


def _cadence() -> list[str]:
    """The schedule of retraining and auditing, as set by an admin."""
    return schedule_rows.cadence(CADENCE)


def _parity(card: Mapping[str, Any]) -> dict[str, str]:
    return {name: f"{value:.1e}" for name, value in card.get("parity", {}).items()}


def curve_svg(points: Sequence[Mapping[str, float]]) -> str:
    """Distortion over bits, as inline SVG without styles; empty without a curve."""
    shown = [p for p in points if p["bits"]]  # zero bits cannot tell people apart
    if len(shown) < 2:
        return ""
    bits = [float(p["bits"]) for p in shown]
    most = max(float(p["distortion"]) for p in shown) or 1.0
    xs = [LEFT + (WIDTH - LEFT - 12) * (b - bits[0]) / (bits[-1] - bits[0]) for b in bits]
    ys = [10 + (HEIGHT - FOOT - 10) * (1 - float(p["distortion"]) / most) for p in shown]
    base = HEIGHT - FOOT
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(xs, ys, strict=True))
    dots = "".join(
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3"/><text x="{x:.1f}" y="{base + 12:g}">{b:g}</text>'
        for x, y, b in zip(xs, ys, bits, strict=True)
    )
    label = escape(f"Distortion from {bits[0]:g} to {bits[-1]:g} bits")
    return (
        f'<svg viewBox="0 0 {WIDTH:g} {HEIGHT:g}" width="{WIDTH:g}" role="img" '
        f'aria-label="{label}" font-size="10" text-anchor="middle" fill="currentColor">'
        f'<line x1="{LEFT:g}" x2="{WIDTH:g}" y1="{base:g}" y2="{base:g}" stroke="#9aa5b1"/>'
        f'<polyline points="{line}" fill="none" stroke="currentColor" stroke-width="2"/>{dots}'
        f'<text x="{LEFT - 6:g}" y="14" text-anchor="end">{most:.2g}</text>'
        f'<text x="{LEFT - 6:g}" y="{base:g}" text-anchor="end">0</text>'
        f'<text x="{(LEFT + WIDTH) / 2:g}" y="{HEIGHT - 2:g}">bits per user</text></svg>'
    )
