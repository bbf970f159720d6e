"""Reads recorded clicks: times between them, and what had to be pointed at and read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ml.data.errors import BadValue, DataError
from ml.data.json_lines import parse_line, text_lines

SHORTEST, LONGEST = 0.15, 10.0
"""Bounds in seconds: shorter is a second event of one click, longer is a distraction."""
TYPED = ("INPUT_text", "INPUT_password", "TEXTAREA", "INPUT_time", "INPUT_date")
"""Elements to type in: the next move starts from the keyboard."""
MOST_NUMBER = 10**9
"""Largest plausible number of pixels or milliseconds."""
NONE_USABLE = (
    "no usable clicks. An episode is usable if success is true, it has a session, its first click "
    "is on an element of its layout and a later one on another, away from the last click and not "
    f"after a field to type in; each {SHORTEST} to {LONGEST:g} s after what came before it. "
    "Name a file with such episodes"
)


def read_episodes(path: Path) -> pd.DataFrame:
    """Reads a row per usable click: session, task, kind (move or first), seconds, bits, read.

    bits: log2(A/W + 1), with A px from the last click to the box's centre and W its smaller side;
    NaN for a first click, whose start is unknown. read: elements from the last clicked one, or from
    the top, to this one. Raises DataError on the first line that is not an episode.
    """
    rows = []
    for number, line in text_lines(path):
        try:
            rows += list(_clicks(parse_line(line)))
        except (ValueError, KeyError, TypeError) as error:
            rule = f"must be an episode {{task, session, success, layout, clicks}}: {error!r}"
            raise DataError([BadValue(path.name, number, "line", line[:60], rule)]) from error
    names = ["session", "task", "kind", "seconds", "bits", "read"]
    table = pd.DataFrame(rows, columns=names)
    return table[table["seconds"].between(SHORTEST, LONGEST)].reset_index(drop=True)


def _clicks(episode: Mapping[str, Any]) -> Iterator[tuple[str, str, str, float, float, float]]:
    if not episode["success"] or not episode["clicks"] or not episode["session"]:
        return
    placed = sorted(episode["layout"], key=lambda e: (_number(e["y"]), _number(e["x"])))
    rank = {element["id"]: r for r, element in enumerate(placed)}
    tags = {element["id"]: element["tag"] for element in placed}
    who = (str(episode["session"]), str(episode["task"]))
    first = episode["clicks"][0]
    if first["id"] in rank:
        yield (*who, "first", _number(first["ms"]) / 1000, float("nan"), rank[first["id"]] + 1.0)
    for before, click in zip(episode["clicks"], episode["clicks"][1:], strict=False):
        if click["id"] == before["id"] or tags.get(before["id"]) in TYPED:
            continue
        if click["id"] not in rank or before["id"] not in rank:
            continue
        x, y, w, h = map(_number, click["box"])
        from_x, from_y = _number(before["x"]), _number(before["y"])
        away = float(np.hypot(x + w / 2 - from_x, y + h / 2 - from_y))
        side = max(min(w, h), 1.0)
        if away > side / 2:
            read = float(abs(rank[click["id"]] - rank[before["id"]]))
            seconds = (_number(click["ms"]) - _number(before["ms"])) / 1000
            yield (*who, "move", seconds, float(np.log2(away / side + 1)), read)


def _number(value: Any) -> float:
    """Checks a number of pixels or milliseconds. Raises ValueError."""
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > MOST_NUMBER:
        raise ValueError(f"{value!r} is not a number within ±{MOST_NUMBER:,}")
    return float(value)
