"""Judging a replay: captured gain, modelled seconds, reading and blocks moved, per surface.

`python -m ml.judge --replay FILE.jsonl --visits VISITS` prints one JSON line per surface, with the
policy relative to the static order of the same lines. `ml.evaluation.judge` has the formulas: the
selection model with T_point = 0.37 + 0.13·log2(r + 1.5), and the reading model of Todi et al. (CHI
2021). Both model a user's time; they do not measure it. With `--surface FILE…` a line also holds
what `ml.evaluation.declared` counts on declared pages: places within groups, favourites, strangers
ahead of known blocks, moves under the least gain, pixels, and sentences that the visits belie.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Collection, Sequence
from pathlib import Path

from tqdm import tqdm

from ml.cli import REPLAY, VISITS, command
from ml.data.errors import BadValue, DataError
from ml.data.surface_files import read_surfaces
from ml.data.tables import read_visits
from ml.evaluation.declared import judge_declared
from ml.evaluation.judge import judge
from ml.evaluation.replay_lines import read_lines


def used_blocks(path: Path) -> dict[tuple[str, str, str], list[str]]:
    """Reads the blocks used per (surface, user, at)."""
    frame, _ = read_visits([path])
    grouped = frame.groupby([frame.surface, frame.user, frame["at"].astype(str)])["block"]
    return {(str(s), str(u), str(at)): list(blocks) for (s, u, at), blocks in grouped}


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    try:
        visits = used_blocks(options.visits)
        surfaces = read_surfaces(options.surface)
        lines = tqdm(read_lines(options.replay, visits), disable=None, unit=" visits")
        rows = list(lines) if surfaces else lines
        if surfaces:
            _refuse_undeclared({row["surface"] for row in rows} - set(surfaces), options.replay)
        more = judge_declared(rows, visits, surfaces) if surfaces else ()
        declared = {found["surface"]: found for found in more}
        for found in judge(rows, visits):
            every = {**found, **declared.get(found["surface"], {})}
            every.pop("sums", None)
            rounded = {k: round(v, 4) if isinstance(v, float) else v for k, v in every.items()}
            sys.stdout.write(json.dumps(rounded) + "\n")
    except DataError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


def _refuse_undeclared(slugs: Collection[str], replay: Path) -> None:
    """Raises DataError for pages of the replay that no --surface file declares."""
    rule = "is declared by no --surface file: name its file, too, or leave --surface out"
    if slugs:
        raise DataError([BadValue(replay.name, 0, "surface", slug, rule) for slug in sorted(slugs)])


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = command("ml.judge", __doc__, VISITS, REPLAY)
    parser.add_argument("--replay", type=Path, required=True, help="lines written by ml.replay")
    parser.add_argument("--visits", type=Path, required=True, help="the replayed visits")
    parser.add_argument(
        "--surface",
        type=Path,
        nargs="+",
        default=[],
        help="the declared pages of a replay with --surface: judges places within groups, too",
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
