"""What a look found about goals, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from webapp.trials.goals.judging import LEAST_PEOPLE, LEAST_REACHED

HEADS = ("Goal", "Control", "Adapted", "Difference", "95 % of all looks at once", "Over the looks")
VERDICTS = {
    "better": "Better with adapting, and this holds however often one looked.",
    "worse": "Worse with adapting, and this holds however often one looked. Set the surface's mode "
    "to off, and find out why.",
    "open": "No difference is shown yet.",
    "too_few": f"Too few people yet: each group needs {LEAST_PEOPLE} whose days are over, and both "
    f"together {LEAST_REACHED} who reached the goal.",
    "not_declared": "Not declared before the trial began: neither interval nor verdict.",
}
CLASSES = {"better": "is-help", "worse": "is-harm"}
BESIDE = (
    "The modelled seconds say that adapting helps, and the primary goal is worse. Believe the "
    "goal: seconds are modelled, and people's orders and replies are not."
)


def goals_told(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rows of `goals_compare` with what a page says of each."""
    return [{**row, "told": VERDICTS[row["verdict"]], "meaning": _meaning(row)} for row in rows]


def primary(rows: Sequence[Mapping[str, Any]], verdict: str) -> dict[str, str] | None:
    """The primary goal's verdict as a headline; None where the trial declared no goal."""
    row = next((row for row in rows if row["is_primary"]), None)
    if row is None:
        return None
    is_odd = row["verdict"] == "worse" and verdict == "help"
    return {
        "title": row["title"],
        "told": VERDICTS[row["verdict"]],
        "class": CLASSES.get(row["verdict"], ""),
        "beside": BESIDE if is_odd else "",
    }


def _meaning(row: Mapping[str, Any]) -> str:
    unit = row["unit"] or ("people who reached it" if row["most"] == 1 else "events")
    days = "day" if row["window_days"] == 1 else f"{row['window_days']} days"
    better = "more" if row["better"] > 0 else "less"
    place = "the primary goal" if row["is_primary"] else ""
    if row["is_declared"] and not place:
        place = f"error {100 * row['error']:.2g} %, shared among the goals after the primary one"
    told = [
        f"{unit} per person in the first {days}, at most {row['most']:g} each",
        f"{better} is better",
        place,
    ]
    return "; ".join(part for part in told if part)
