"""Counts the visits whose layout could be decided ahead, as a day begins.

python -m tests.evidence.days_ahead VISITS.parquet

The file has a row a surface, user, day (`at`) and block, as `ml.replay --test` reads it, so a
user's uses of a day are one visit. For each surface it prints the share of visits whose user came
within the days before, and of the answers made for that, as each day begins, those that are given.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb

WITHIN = (1, 2, 3, 7, 14, 28)
"""Days."""
GAPS = """
WITH visit AS (SELECT DISTINCT surface, "user" AS who, CAST("at" AS DATE) AS day FROM '{path}')
SELECT surface, lead(day) OVER (PARTITION BY surface, who ORDER BY day) - day
FROM visit ORDER BY surface
"""


def main() -> int:
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_file():
        sys.exit(f"VISITS={sys.argv[1:]}: name one file of visits, such as visits.parquet.")
    for line in figures(Path(sys.argv[1])):
        print(json.dumps(line))
    return 0


def figures(path: Path) -> Iterator[dict[str, Any]]:
    """A line for each surface."""
    gaps: dict[str, list[int | None]] = {}
    for surface, gap in duckdb.sql(GAPS.format(path=path)).fetchall():
        gaps.setdefault(surface, []).append(gap)
    for surface, days in gaps.items():
        yield {"surface": surface, "visits": len(days)} | {
            f"within_{most}": _shares(days, most) for most in WITHIN
        }


def _shares(days: list[int | None], most: int) -> dict[str, float]:
    """days: from each visit to the user's next one, None after the last."""
    given = sum(gap is not None and gap <= most for gap in days)
    made = sum(most if gap is None else min(gap, most) for gap in days)
    return {"of_visits": round(given / len(days), 3), "of_answers": round(given / made, 3)}


if __name__ == "__main__":
    sys.exit(main())
