"""All numbers of the energy, with name, default, unit and source; formulas contain none."""

from __future__ import annotations

from dataclasses import dataclass

from uiengine.behaviour.profile import RESIZE_KEPT

SAM = "Cockburn, Gutwin and Greenberg, CHI 2007 (quoted from memory)"
TODI = "Todi et al., CHI 2021; by replay, see ml/LOG.md"
REPLAY = "ours by replay, see ml/LOG.md"
CLICKS = "refitted on clicks, see ml/LOG.md"
OURS = "ours"


@dataclass(frozen=True, slots=True)
class Coefficient:
    name: str
    default: float
    unit: str
    source: str
    meaning: str


COEFFICIENTS = (
    Coefficient("search_base", 0.30, "s", SAM, "looking for a block: constant part"),
    Coefficient("search_per_rank", 0.064, "s/block", CLICKS, "looking for a block: per block read"),
    Coefficient("decide_base", 0.24, "s", SAM, "going to a known place: constant part"),
    Coefficient(
        "decide_per_bit", 0.08, "s/bit", SAM, "going to a known place: per bit of surprise"
    ),
    Coefficient("point_base", 0.26, "s", CLICKS, "pointing: constant part"),
    Coefficient("point_per_bit", 0.37, "s/bit", CLICKS, "pointing: per bit of Fitts's index"),
    Coefficient("scroll_base", 0.25, "s", OURS, "scrolling at all, for a block below the fold"),
    Coefficient("scroll_per_px", 0.0006, "s/px", OURS, "scrolling, per px beyond the fold"),
    Coefficient(
        "group_per_rank",
        0.25,
        "s/block",
        "ours by replay, see ml/LOG.md; the paper gives 0.08 for reading",
        "going down a group, at a known place too: per block passed",
    ),
    Coefficient(
        "resize_kept",
        RESIZE_KEPT,
        "share",
        "ours: what a move by one rank leaves; that memory of places survives scaling: Scarr et "
        "al., CHI 2013 (quoted from memory)",
        "familiarity that is left of a block after its size changed",
    ),
    Coefficient("surprise", 0.20, "s", TODI, "a block's first use after it moved or was resized"),
    Coefficient(
        "least_gain",
        0.022,
        "s/block",
        REPLAY,
        "what a change must save over the horizon for each block that it moves or resizes",
    ),
    Coefficient("least_choice", 0.001, "probability", OURS, "floor of the choice probability q"),
    Coefficient("horizon", 20, "visits", OURS, "visits ahead that a move must pay within (H)"),
    Coefficient(
        "discount", 0.95, "per visit", OURS, "weight of the next visit against this one (ρ)"
    ),
    Coefficient("temperature", 0.10, "s", OURS, "energy that makes a layout e times rarer (τ)"),
    Coefficient(
        "habit_visits",
        18,
        "visits",
        REPLAY,
        "visits of one's own that weigh as much as the decoded outlook",
    ),
    Coefficient(
        "guess_visits",
        1,
        "visits",
        REPLAY,
        "the same, where the version learned neither this page nor most of its kinds",
    ),
    Coefficient(
        "group_guess_visits",
        0.5,
        "visits",
        REPLAY,
        "the same on a page of several groups that the version was not trained for",
    ),
    Coefficient("persistence", 0.90, "per visit", OURS, "how fast demand returns to its base"),
)

VALUES = {c.name: c.default for c in COEFFICIENTS}
