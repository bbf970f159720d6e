"""Renders the report's section on error rates of audits, as `ml.audit.power` measured them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

WIDTH, HEIGHT, MARGIN = 320.0, 120.0, 18.0


STORED = Path(__file__).with_name("power.json")
"""Output of `python -m ml.audit.power` at full size, on real people."""


def stored_power() -> dict[str, Any]:
    """Reads the stored figures, with the command that measured them."""
    power: dict[str, Any] = json.loads(STORED.read_text(encoding="utf-8"))
    return power


def reliability(power: Mapping[str, Any]) -> str:
    """Renders the section. power: the JSON line of `python -m ml.audit.power`."""
    seeds = power["seeds"]

    def mean(name: str) -> str:
        return f"{100 * sum(seed[name] for seed in seeds) / len(seeds):.1f} %"

    people = "real people, resampled" if power["people"] == "replay" else "simulated people"
    curves = [seed["power_curve"] for seed in seeds]
    curve = [sum(shares) / len(curves) for shares in zip(*curves, strict=True)]
    return (
        "<section><h2>How often such audits err</h2>"
        f"<p>Measured on {len(seeds)} × {power['chains']} chains of {power['retrains']} retrains: "
        f"{power['users']:,} {people}, one slice of 20 %, 28 days a look. It describes the method "
        "at that size, not the people of this report: with fewer, more stays inconclusive."
        f"{_source(power)}</p><ul>"
        f"<li>Nobody is treated otherwise: {mean('quiet_chains_alarmed')} of the chains raise any "
        f"alarm, and {mean('quiet_audits_within')} of the audits say within. (A gate on “the gap "
        f"grew by 0.02” alarms in {mean('naive_quiet_chains_alarmed')}.)</li>"
        f"<li>A difference of exactly the tolerance: {mean('edge_chains_alarmed')} raise an alarm."
        "</li><li>Each version costs the slice another 1 % of its seconds: "
        f"{mean('creep_caught_by_6')} are caught by version 6. (The same simple gate: "
        f"{mean('naive_creep_caught_by_6')}.)</li></ul>"
        '<p class="soft">The power curve of the gate: share of creeping chains (in %) in which an '
        "audit said <i>exceeds</i>, by version:</p>"
        f"{_curve(curve)}</section>"
    )


def _source(power: Mapping[str, Any]) -> str:
    if "data" not in power:
        return ""
    command = f"<code>{escape(power['command'])}</code>"
    return f" Resampled from {escape(power['data'])}; measured by {command}."


def _curve(shares: Sequence[float]) -> str:
    """Draws columns with the version below and the share in % above."""
    step = WIDTH / len(shares)
    room = HEIGHT - 2 * MARGIN
    parts = []
    for version, share in enumerate(shares, 1):
        x, tall = (version - 1) * step, room * share
        middle = x + step / 2
        parts.append(
            f'<rect x="{x + 3:.1f}" y="{MARGIN + room - tall:.1f}" width="{step - 6:.1f}" '
            f'height="{tall:.1f}" class="mark within" fill-opacity="0.55"/>'
            f'<text x="{middle:.1f}" y="{MARGIN + room - tall - 4:.1f}">{100 * share:.0f}</text>'
            f'<text x="{middle:.1f}" y="{HEIGHT - 4:.1f}">v{version}</text>'
        )
    return (
        f'<svg viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" aria-label="power curve" '
        'style="max-width:480px" font-size="10" text-anchor="middle" class="words">'
        f"{''.join(parts)}</svg>"
    )
