"""The page of a rehearsal: one HTML file that needs no other file and no script."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.utils.safestring import mark_safe
from django.utils.text import capfirst

from webapp.trials.models import Rehearsal, RehearsedWeek
from webapp.trials.rehearsals import words

COUNTS = ("people", "visits", "people_in_all", "visits_in_all", "held_back")
STYLE = "uiengine_trials/rehearsal.css"


def rehearsal_html(rehearsal: Rehearsal, weeks: Iterable[RehearsedWeek]) -> str:
    """weeks: those that the reader may see; none for who sees aggregates alone."""
    figures = rehearsal.figures
    bars, nothing, least = words.bars(figures)
    context = {
        "rehearsal": rehearsal,
        "figures": figures,
        "counts": {name: f"{figures[name]:,}" for name in COUNTS},
        "level": f"{100 * figures['level']:.0f} %",
        "first": figures["first"][:10],
        "last": figures["last"][:10],
        "verdict": words.TITLES[figures["verdict"]],
        "found": capfirst(words.found_sentence(figures)),
        "beside": words.beside(figures),
        "heads": words.COLUMNS.values(),
        "slice_heads": [words.COLUMNS[name] for name in figures["in_slices"]],
        "policies": words.policies(figures),
        "slices": words.slices(figures),
        "bars": bars,
        "nothing": nothing,
        "least": least,
        "least_told": words.percent(figures["least"]),
        "weeks": [_week(row.shown) for row in weeks],
        "style": mark_safe(_style()),
    }
    return render_to_string("uiengine_trials/rehearsal.html", context)


def _style() -> str:
    path = finders.find(STYLE)
    assert isinstance(path, str), f"{STYLE} is shipped with the app"
    with open(path, encoding="utf-8") as file:
        return file.read()


def _week(shown: Mapping[str, Any]) -> dict[str, Any]:
    visits = [
        {**visit, "day": datetime.fromisoformat(visit["at"]).strftime("%Y-%m-%d %H:%M")}
        for visit in shown["visits"]
    ]
    return {
        **shown,
        "title": words.PLACES[shown["place"]],
        "saved": words.percent(shown["saved"]),
        "visits": visits,
        "before": mark_safe(shown["before"]),
        "after": mark_safe(shown["after"]),
    }
