"""The options of `python -m ml.replay`, and which of them go together."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from ml.cli import (
    LAYOUTS,
    VISITS,
    command,
    existing_version,
    new_file,
    new_folder,
    refuse_overwriting,
    whole_number,
)
from ml.evaluation.policies import BOOKED, CODED, POLICIES
from ml.evaluation.replay import BIT_BUDGETS
from uiengine.book.book import MOST_ENTRIES

RETRAINED = tuple(name for name in CODED if name not in BOOKED)
"""Policies of one version, which can be made anew."""
MOST_DAYS = 366
MOST_WORKERS = 256


def options_of(arguments: Sequence[str] | None, about: str | None) -> argparse.Namespace:
    """Reads the command line; exits with 2 and says what to do where options do not go together.

    about: what the help says of the command.
    """
    parser = command("ml.replay", about, VISITS, LAYOUTS)
    _add_files(parser)
    _add_deciding(parser)
    _add_version(parser)
    options = parser.parse_args(arguments)
    _refuse(parser, options)
    read = (options.test, *(options.train or ()), *options.surface, *options.layouts)
    refuse_overwriting(parser, options.out, read)
    return options


def _add_files(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--train", nargs="+", help="files of visits to train on")
    parser.add_argument("--test", required=True, help="file of visits to replay")
    parser.add_argument("--out", type=new_file, required=True, help="JSON lines, one per visit")
    parser.add_argument(
        "--surface",
        type=Path,
        nargs="+",
        default=[],
        help="declared pages of the visits, with groups, sizes, pins, fold and move budget; "
        "default: one column of the blocks that occur",
    )


def _add_deciding(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--policy", choices=POLICIES, default="engine")
    parser.add_argument("--bits", type=int, choices=BIT_BUDGETS, default=64, help="token budget")
    parser.add_argument(
        "--entries",
        type=_number("entries", MOST_ENTRIES),
        default=MOST_ENTRIES,
        help=f"layouts in a day's book with --policy book or device, 1 to {MOST_ENTRIES}",
    )
    parser.add_argument("--seed", type=whole_number(0), default=0)
    parser.add_argument(
        "--workers",
        type=_number("processes", MOST_WORKERS),
        default=1,
        help="processes that share the people; the lines are the same but for decide_ms",
    )
    parser.add_argument("--smoke", action="store_true", help="a few users: ends within seconds")


def _add_version(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--version", type=existing_version, help="take this version folder as it is"
    )
    parser.add_argument("--save", type=new_folder, help="keep the trained version here")
    parser.add_argument(
        "--innate", type=_innate, help="version folder to start from, or none; default: learn it"
    )
    parser.add_argument(
        "--layouts", nargs="+", default=[], help="files of layouts people made: the layout part"
    )
    parser.add_argument(
        "--retrain-every",
        type=_number("days", MOST_DAYS),
        default=0,
        metavar="DAYS",
        help="make each page's version anew every so many days of the test file",
    )


def _refuse(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    if options.version is None and not options.train:
        parser.error("--train or --version is needed: name files of visits, or a version folder")
    if options.workers > 1 and options.policy in CODED and not (options.version or options.save):
        parser.error("--workers needs --version or --save: each process opens the version folder")
    if options.retrain_every and options.workers > 1:
        parser.error("--retrain-every needs one process: leave --workers out")
    if options.retrain_every and options.policy not in RETRAINED:
        parser.error(f"--retrain-every needs a policy of one version: {', '.join(RETRAINED)}")


def _number(what: str, most: int) -> Callable[[str], int]:
    """Returns what reads a whole number from 1 to `most`. what: what it counts, for the refusal."""

    def read(text: str) -> int:
        count = int(text) if text.isdecimal() else 0
        if not 1 <= count <= most:
            raise argparse.ArgumentTypeError(f"{text} is no number of {what}: name 1 to {most}")
        return count

    return read


def _innate(text: str) -> Path | None:
    return None if text == "none" else existing_version(text)
