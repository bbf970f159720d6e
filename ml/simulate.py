"""Simulates invented people: `python -m ml.simulate --out fixtures`.

Without `--surface` a small cohort on a course's home page (`ml.data.cohort`), with it people with
known needs on any declared pages (`ml.data.needs`): visits.csv, and needs.csv with the probability
that a visit of a person begins with a block.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from ml.cli import new_folder, whole_number
from ml.data.cohort import NAMES, cohort
from ml.data.errors import DataError
from ml.data.needs import people_with_needs
from ml.data.surface_files import read_surfaces

SIMULATED = "simulated"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m ml.simulate", description=__doc__)
    parser.add_argument(
        "--out", type=new_folder, required=True, help="folder for the two CSV files"
    )
    parser.add_argument(
        "--people", type=whole_number(1), default=len(NAMES), help="size of the cohort"
    )
    parser.add_argument("--seed", type=whole_number(0), default=7)
    parser.add_argument("--smoke", action="store_true", help="ten people")
    parser.add_argument(
        "--surface",
        type=Path,
        nargs="+",
        help="people with known needs on these declared pages instead: visits.csv and needs.csv",
    )
    parser.add_argument(
        "--named", action="store_true", help="give people names and write pages_visits.csv alone"
    )
    parser.add_argument(
        "--visits", type=whole_number(1), default=30, help="of each, with --surface"
    )
    options = parser.parse_args(arguments)
    named = options.people * len(options.surface or ())
    if options.named and named > len(NAMES):
        parser.error(f"--named has {len(NAMES)} names for {named} people: name fewer --people")
    options.out.mkdir(parents=True, exist_ok=True)
    people = 10 if options.smoke else options.people
    try:
        line = _needing(options, people) if options.surface else _cohort(options, people)
    except DataError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(json.dumps({**line, "data": SIMULATED}) + "\n")
    return 0


def _cohort(options: argparse.Namespace, count: int) -> dict[str, int]:
    visits, people = cohort(count, options.seed)
    visits.to_csv(options.out / "cohort_visits.csv", index=False, lineterminator="\n")
    people.to_csv(options.out / "cohort_people.csv", index=False, lineterminator="\n")
    return _counted(len(people), visits)


def _needing(options: argparse.Namespace, count: int) -> dict[str, int]:
    made = [
        people_with_needs(surface, count, options.visits, options.seed)
        for surface in read_surfaces(options.surface).values()
    ]
    visits, needs = (pd.concat(frames, ignore_index=True) for frames in zip(*made, strict=True))
    if options.named:
        users = dict(
            zip(
                needs[["surface", "user"]].drop_duplicates().itertuples(index=False),
                NAMES,
                strict=False,
            )
        )
        visits["user"] = [
            users[s, u] for s, u in zip(visits["surface"], visits["user"], strict=True)
        ]
        visits.to_csv(options.out / "pages_visits.csv", index=False, lineterminator="\n")
        return _counted(count * len(made), visits)
    visits.to_csv(options.out / "visits.csv", index=False, lineterminator="\n")
    needs.to_csv(options.out / "needs.csv", index=False, lineterminator="\n")
    return _counted(count * len(made), visits)


def _counted(people: int, visits: pd.DataFrame) -> dict[str, int]:
    count = int(visits.groupby(["surface", "user", "at"]).ngroups)
    return {"people": people, "visits": count, "rows": len(visits)}


if __name__ == "__main__":
    sys.exit(main())
