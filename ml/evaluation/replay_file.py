"""Reads replay files and joins them with the visits they replay."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd

from ml.data.errors import BadValue, DataError
from ml.data.json_lines import parse_line, text_lines

Box = tuple[int, int, int, int]
Key = tuple[str, str, datetime]
NEEDED = ("user", "surface", "at", "visit", "layout", "default")


@dataclass(frozen=True, slots=True)
class ReplayVisit:
    """One line of a replay, and the blocks the person then used.

    layout: (x, y, w, h) in grid cells by block, in reading order. default: the replaced order.
    distortion: None where the policy has no codebook. expected: the block that the page pointed
    to, suggested: the one that it suggested to put away; empty for none. sizes: classes of the
    blocks that have not their default size.
    """

    user: str
    surface: str
    instant: datetime
    visit: int
    layout: Mapping[str, Box]
    default: tuple[str, ...]
    blocks: tuple[str, ...]
    tokens: int
    distortion: float | None
    explored: bool
    status: str
    expected: str = ""
    suggested: str = ""
    sizes: Mapping[str, int] = field(default_factory=dict)

    @property
    def day(self) -> int:
        """Whole UTC days since 1970-01-01."""
        return (self.instant.date() - date(1970, 1, 1)).days


def read_replay(path: Path, used: Mapping[Key, tuple[str, ...]]) -> Iterator[ReplayVisit]:
    """Yields the visits of a replay in file order; raises DataError after the last line."""
    problems: list[BadValue] = []
    seen: set[Key] = set()
    for number, line in text_lines(path):
        try:
            visit = _visit(parse_line(line), used, seen)
        except (ValueError, KeyError, TypeError, OverflowError) as error:
            problems.append(BadValue(path.name, number, "line", line[:60], str(error)))
            continue
        yield visit
    if not seen and not problems:
        problems = [BadValue(path.name, 0, "lines", "0", "must hold at least one visit")]
    if problems:
        raise DataError(problems)


def used_blocks(visits: pd.DataFrame) -> dict[Key, tuple[str, ...]]:
    """Returns the sorted blocks used in each visit, by (surface, user, instant)."""
    rows = visits[["surface", "user", "at", "block"]].drop_duplicates()
    used: dict[Key, list[str]] = {}
    for surface, user, at, block in rows.itertuples(index=False, name=None):
        used.setdefault((str(surface), str(user), instant(at)), []).append(str(block))
    return {key: tuple(sorted(set(blocks))) for key, blocks in used.items()}


@lru_cache(maxsize=1 << 16)
def instant(at: str | date) -> datetime:
    """Parses an ISO date or datetime as a UTC instant; UTC is assumed without a zone."""
    if isinstance(at, datetime):
        when: datetime = at
    else:
        when = datetime.fromisoformat(str(at))
    return when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)


def _visit(
    line: Mapping[str, Any], used: Mapping[Key, tuple[str, ...]], seen: set[Key]
) -> ReplayVisit:
    lacking = [name for name in NEEDED if name not in line]
    if lacking:
        raise ValueError(f"lacks {lacking}")
    key = (str(line["surface"]), str(line["user"]), instant(line["at"]))
    if key in seen:
        raise ValueError(f"the visit {line['user']} on {line['surface']} at {line['at']} again")
    seen.add(key)
    blocks = used.get(key)
    if blocks is None:
        raise ValueError(
            f"{line['user']} has no visit on {line['surface']} at {line['at']} in the visits file"
        )
    layout = {str(b["id"]): _box(b) for b in line["layout"]}
    default = tuple(map(str, line["default"]))
    for name, shown in (("layout", set(layout)), ("default", set(default))):
        if not shown.issuperset(blocks):
            raise ValueError(f"the {name} lacks used blocks {sorted(set(blocks) - shown)}")
    tokens, distortion = line.get("tokens") or (), line.get("distortion")
    if distortion is not None and not (_is_number(distortion) and distortion >= 0):
        raise ValueError(f"the distortion {distortion!r} is no number from 0 on")
    return ReplayVisit(
        user=key[1],
        surface=key[0],
        instant=key[2],
        visit=int(line["visit"]),
        layout=layout,
        default=default,
        blocks=blocks,
        tokens=tokens if isinstance(tokens, int) else len(tokens),
        distortion=distortion,
        explored=bool(line.get("explored")),
        status=str(line.get("status", "adapted")),
        expected=str(line.get("expected", "")),
        suggested=str(line.get("suggested", "")),
        sizes={str(b): int(c) for b, c in line.get("sizes", {}).items()},
    )


def _box(item: Mapping[str, Any]) -> Box:
    x, y, w, h = (item[name] for name in "xywh")
    if not all(map(_is_number, (x, y, w, h))):
        raise ValueError(f"the cell of {item['id']!r} is not four numbers")
    return x, y, w, h


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
