"""Writes an invented e-shop's export: a month of Segment's JSON lines, then one of GA4's Parquet.

Nobody in it is real. Most people use two or three of the home page's blocks, each of them others;
they begin on a device, and sign in later.

    python -m tests.webapp.shop_export FOLDER --people 600
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

BLOCKS = {
    "banner": "Offer of the week",
    "new": "New in",
    "bestsellers": "Best sellers",
    "recommended": "Recommended for you",
    "magazine": "Magazine",
    "brands": "Brands",
    "orders": "Your orders",
    "wishlist": "Wish list",
    "again": "Buy again",
    "stores": "Stores near you",
}
"""Titles by id, in the order of today's page."""
START = 1_772_323_200_000  # 2026-03-01
DAY = 86_400_000


class Click(NamedTuple):
    at: int
    person: int
    section: str
    is_signed_in: bool


def clicks(people: int, visits: int = 14, seed: int = 0) -> list[Click]:
    """Clicks over eight weeks, in order of time."""
    rng = np.random.default_rng(seed)
    found = []
    for person in range(people):
        habits = rng.choice(len(BLOCKS), 3, replace=False)
        for visit in range(visits):
            begin = START + int((visit + rng.random()) * 56 * DAY / visits)
            chosen = [b for b in habits if rng.random() < 0.6] or [int(rng.integers(len(BLOCKS)))]
            for number, block in enumerate(chosen):
                section = list(BLOCKS.values())[block]
                found.append(Click(begin + number * 40_000, person, section, visit > 2))
    return sorted(found)


def write(folder: Path, people: int) -> dict[str, int]:
    """Writes segment/ and ga4/ below the folder; returns the number of events in each."""
    made = clicks(people)
    half = START + 28 * DAY
    early, late = [c for c in made if c.at < half], [c for c in made if c.at >= half]
    for name in ("segment", "ga4"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    with gzip.open(folder / "segment" / "march.jsonl.gz", "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in _segment(early))
    pd.DataFrame(_ga4(late)).to_parquet(folder / "ga4" / "events.parquet")
    return {"segment": len(early), "ga4": len(late)}


def _iso(ms: int) -> str:
    return pd.Timestamp(ms, unit="ms", tz="UTC").isoformat().replace("+00:00", "Z")


def _segment(made: Sequence[Click]) -> Iterator[dict[str, Any]]:
    for number, click in enumerate(made):
        yield {
            "type": "track",
            "event": "Section Clicked",
            "messageId": f"ajs-{number}",
            "anonymousId": f"device-{click.person}",
            "userId": f"customer-{click.person}" if click.is_signed_in else None,
            "timestamp": _iso(click.at),
            "properties": {"section": click.section, "page": "home"},
        }


def _ga4(made: Sequence[Click]) -> Iterator[dict[str, Any]]:
    for number, click in enumerate(made):
        value = {"string_value": click.section, "int_value": None}
        yield {
            "event_name": "section_click",
            "event_timestamp": click.at * 1000,
            "user_pseudo_id": f"{click.person}.{START}",
            "user_id": f"customer-{click.person}" if click.is_signed_in else None,
            "event_bundle_sequence_id": number,
            "event_params": [{"key": "section", "value": value}],
        }


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--people", type=int, default=600)
    options = parser.parse_args(arguments)
    sys.stdout.write(json.dumps(write(options.folder, options.people)) + "\n")


if __name__ == "__main__":
    main()
