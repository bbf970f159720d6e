"""Compares codebook versions: card, rate and distortion, use of codes, audit, gate."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.safestring import SafeString

from webapp.audits.models import AuditReport
from webapp.audits.words import slice_name, too_few
from webapp.codebooks.models import CodebookVersion, GateReport
from webapp.studio.plots import Interval, Series, interval_plot, line_plot
from webapp.studio.usage import Usage
from webapp.surfaces.models import Surface

Card = Mapping[str, Any]
MOST_SLICES = 24
"""Maximum rows of a plot; the slices with the most people are shown."""


@dataclass(frozen=True)
class Figure:
    """A row of the table: a name, and a value per version."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class MetricPlot:
    """A metric's plot.

    verdicts: per slice and version, in words, for the table behind the plot. left_out: number of
    slices that do not fit into the plot.
    """

    name: str
    unit: str
    is_gated: bool
    svg: SafeString
    verdicts: tuple[tuple[str, tuple[str, ...]], ...]
    left_out: int


def card_figures(versions: Sequence[CodebookVersion]) -> list[Figure]:
    lines: tuple[tuple[str, Callable[[CodebookVersion], Any]], ...] = (
        ("Status", lambda v: v.get_status_display()),
        ("Made", lambda v: f"{v.created_at:%Y-%m-%d %H:%M} UTC"),
        ("Trained for", lambda v: ", ".join(v.manifest.get("surfaces", [])) or "any page"),
        ("Visits it was trained on", lambda v: _trained(v.card, "visits")),
        ("People it was trained on", lambda v: _trained(v.card, "subjects")),
        ("Seconds of training", lambda v: _at(v.card, "training", "seconds")),
        ("Bits per user, mean", lambda v: _at(v.card, "bits_per_user", "mean")),
        ("Bits per user, most", lambda v: _at(v.card, "bits_per_user", "max")),
        ("Side bits per block", lambda v: _at(v.card, "side_bits_per_block")),
        ("Latent size", lambda v: _at(v.card, "latent")),
        ("Codes", lambda v: sum(s.get("slots", 0) for s in v.card.get("stages", ())) or None),
        ("Share of codes in use, in training", lambda v: _mean(v.card, "used")),
        ("Perplexity of a stage, mean, in training", lambda v: _mean(v.card, "perplexity")),
        ("Largest difference to torch", lambda v: _worst(v.card)),
        ("Bytes of its files", lambda v: sum(v.card.get("bytes", {}).values()) or None),
    )
    return [Figure(name, tuple(_written(read(v)) for v in versions)) for name, read in lines]


def rate_distortion(versions: Sequence[CodebookVersion]) -> list[SafeString]:
    """Plots distortion and summed rank against bits."""
    plots = (
        ("distortion", "distortion (share of variance)", True),
        ("summed_rank", "summed rank of used blocks", False),
    )
    return [
        line_plot(
            [Series(v.name, _curve(v.card, column)) for v in versions],
            title=f"Rate and {label}",
            x_label="bits per user",
            y_label=label,
            is_log=is_log,
        )
        for column, label, is_log in plots
    ]


def use_of_codes(versions: Sequence[CodebookVersion], usages: Sequence[Usage | None]) -> SafeString:
    """Plots the share of current people per code of the first stage, most common first."""
    series = []
    for version, usage in zip(versions, usages, strict=True):
        counts = sorted(usage.stage(0).values(), reverse=True) if usage else []
        total = sum(counts) or 1
        series.append(Series(version.name, [(n + 1, c / total) for n, c in enumerate(counts)]))
    title = "Use of the first token's codes"
    return line_plot(
        series, title=title, x_label="codes, the commonest first", y_label="share of people"
    )


def reports_of(versions: Sequence[CodebookVersion], surface: Surface) -> list[AuditReport | None]:
    """Returns the latest audit of each version on the surface."""
    rows = AuditReport.objects.filter(version__in=versions, surface=surface).defer("html")
    return _latest(versions, rows.order_by("created_at", "pk"))


def gates_of(versions: Sequence[CodebookVersion], surface: Surface) -> list[GateReport | None]:
    rows = GateReport.objects.filter(version__in=versions, surface=surface)
    return _latest(versions, rows.order_by("created_at", "pk"))


def metric_plots(reports: Sequence[AuditReport | None]) -> list[MetricPlot]:
    """Returns a plot per metric, gated ones first."""
    found: dict[str, dict[str, dict[int, Mapping[str, Any]]]] = {}
    for index, report in enumerate(reports):
        for row in report.report.get("slices", []) if report else ():
            metric = found.setdefault(str(row["metric"]), {})
            metric.setdefault(_slice(row), {})[index] = row
    plots = [_metric_plot(name, slices, len(reports)) for name, slices in found.items()]
    return sorted(plots, key=lambda p: (not p.is_gated, p.name))


def conditions(gates: Sequence[GateReport | None]) -> list[Figure]:
    """Returns a row per condition of the gate, with each version's verdict and figure."""
    known = [{c["name"]: c for c in gate.conditions} if gate else {} for gate in gates]
    names = dict.fromkeys(name for conditions in known for name in conditions)
    return [
        Figure(name, tuple(_condition(conditions.get(name)) for conditions in known))
        for name in names
    ]


def _metric_plot(
    name: str, slices: Mapping[str, Mapping[int, Mapping[str, Any]]], versions: int
) -> MetricPlot:
    first = next(row for rows in slices.values() for row in rows.values())
    is_gated = any(row.get("verdict") for rows in slices.values() for row in rows.values())
    by_people = sorted(slices, key=lambda s: -max(r.get("users", 0) for r in slices[s].values()))
    shown = by_people[:MOST_SLICES]
    rows = [(s, [i for n, row in slices[s].items() for i in _intervals(n, row)]) for s in shown]
    words = name.replace("_", " ")
    ends = [(i.low, i.estimate, i.high) for _, intervals in rows for i in intervals]
    if ends and not any(map(any, ends)):
        told = SafeString("<p>No difference between any slices: nothing to draw.</p>")
        return MetricPlot(words, str(first.get("unit", "")), is_gated, told, (), 0)
    svg = interval_plot(
        rows,
        title=words,
        unit=str(first.get("unit", "")),
        tolerance=first.get("tolerance") if is_gated else None,
    )
    verdicts = tuple((s, tuple(_words(slices[s].get(n)) for n in range(versions))) for s in shown)
    unit = str(first.get("unit", ""))
    return MetricPlot(words, unit, is_gated, svg, verdicts, len(by_people) - len(shown))


def _intervals(index: int, row: Mapping[str, Any]) -> Iterable[Interval]:
    interval = row.get("interval")
    if interval and None not in (*interval, row.get("estimate")) and not too_few(row):
        yield Interval(index, interval[0], row["estimate"], interval[1], row.get("verdict") or "")


def _words(row: Mapping[str, Any] | None) -> str:
    if row is None:
        return "–"
    if why := too_few(row):
        return why
    if row.get("estimate") is None:
        return "–"
    low, high = row.get("interval") or (None, None)
    span = f" ({low:+.3g} to {high:+.3g})" if low is not None and high is not None else ""
    verdict = f", {row['verdict']}" if row.get("verdict") else ""
    return f"{row['estimate']:+.3g}{span}, {row.get('users', 0)} people{verdict}"


def _slice(row: Mapping[str, Any]) -> str:
    return slice_name(row["slice"])


def _condition(found: Mapping[str, Any] | None) -> str:
    if found is None:
        return "not judged"
    figure, limit = found.get("figure"), found.get("limit")
    numbers = f": {_written(figure)} (limit {_written(limit)})" if figure is not None else ""
    return f"{found['verdict']}{numbers}. {found.get('text', '')}"


def _latest(versions: Sequence[CodebookVersion], rows: Iterable[Any]) -> list[Any]:
    latest = {row.version_id: row for row in rows}
    return [latest.get(version.pk) for version in versions]


def _curve(card: Card, column: str) -> list[tuple[float, float]]:
    rows = card.get("rate_distortion", ())
    return [(float(row["bits"]), float(row[column])) for row in rows if column in row]


def _at(card: Card, *path: str) -> Any:
    found: Any = card
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _trained(card: Card, column: str) -> int | None:
    slices = _at(card, "training", "slices") or {}
    return sum(int(s.get(column, 0)) for s in slices.values()) or None


def _mean(card: Card, column: str) -> float | None:
    values = [s[column] for s in card.get("stages", ()) if column in s]
    return sum(values) / len(values) if values else None


def _worst(card: Card) -> float | None:
    return max((_at(card, "parity") or {}).values(), default=None)


def _written(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
