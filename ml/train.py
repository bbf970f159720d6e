"""Training a codebook version: visits in, a version folder out.

Needs --train; or --start with --layouts or --edits, which exchange its layout part alone.

python -m ml.train --train visits.parquet --out version/
python -m ml.train --innate --train daily.parquet monthly.parquet --out fixtures/innate
python -m ml.train --start fixtures/innate --layouts dashboards.jsonl.gz --out fixtures/innate
python -m ml.train --surface bank.json --train people/visits.csv --out version/
torchrun --standalone --nproc-per-node 2 -m ml.train --train visits.parquet --out version/
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from ml.books.learn import learn_books
from ml.cli import (
    EDITS,
    LAYOUTS,
    VISITS,
    command,
    existing_version,
    new_folder,
    progress_bar,
    smoke_sample,
    whole_number,
)
from ml.data.errors import BadValue, DataError
from ml.data.histories import pages
from ml.data.surface_files import read_surfaces, refuse_strangers
from ml.data.tables import read_visits
from ml.layouts.part import with_layouts
from ml.layouts.records import Record, read_edited, read_records
from ml.learning import distributed
from ml.learning.settings import Settings
from ml.training.layout_part import learn_layout_part
from ml.training.start import TooLittleDataError
from ml.training.train import train_draft
from uiengine.errors import VersionError
from uiengine.model.version_folder import load_version
from uiengine.page.surface import Surface


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    torch.set_num_threads(2)
    try:
        if options.start is not None:
            load_version(options.start)  # a damaged one is refused before any training
        layouts = [*read_records(options.layouts), *read_edited(options.edits)]
        with distributed.joined():
            make = _train if options.train else _layouts_only
            card = make(options, layouts)
    except (DataError, TooLittleDataError, VersionError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if card is not None:
        parts = ("id", "bits_per_user", "parity", "training", "layouts")
        line = {name: card[name] for name in parts if name in card}
        sys.stdout.write(json.dumps({"out": str(options.out), **line}) + "\n")
    return 0


def _layouts_only(options: argparse.Namespace, layouts: Sequence[Record]) -> dict[str, Any] | None:
    """Copies the version of --start with a new layout part."""
    if not distributed.is_first():
        return None
    part = learn_layout_part(layouts, seed=options.seed, is_smoke=options.smoke)
    return with_layouts(options.start, part, options.out)


def _train(options: argparse.Namespace, layouts: Sequence[Record]) -> dict[str, Any] | None:
    """Trains and exports; returns the card, or None in processes other than the first."""
    visits, _ = read_visits(options.train)
    known = _pages(visits, options)
    settings = None
    if options.smoke:
        visits, settings = smoke_sample(visits), Settings().smoke()
    bar, show = progress_bar("training")
    with bar:
        draft = train_draft(
            visits,
            surfaces=known,
            innate=options.start,
            seed=options.seed,
            progress=show,
            settings=settings,
            is_innate=options.innate,
            scratch=options.scratch,
        )
    if not distributed.is_first():
        return None
    if layouts:
        part = learn_layout_part(layouts, seed=options.seed, is_smoke=options.smoke)
        draft = replace(draft, layouts=part)
    card = draft.export(options.out)
    if not options.innate:
        card["id"] = learn_books(options.out, visits, known)
    return card


def _pages(visits: pd.DataFrame, options: argparse.Namespace) -> dict[str, Surface]:
    """The declared pages of the visits, and one column of blocks for each other page."""
    declared = read_surfaces(options.surface)
    of_declared = visits[visits["surface"].isin(declared)]
    refuse_strangers(of_declared, declared, ", ".join(options.train))
    unused = sorted(set(declared) - set(of_declared["surface"]))
    if unused:
        rule = f"has no visits in {', '.join(options.train)}; leave its --surface file out"
        raise DataError([BadValue(unused[0], 0, "surface", unused[0], rule)])
    others = visits[~visits["surface"].isin(declared)]
    return {**pages([others]), **declared}


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = command("ml.train", __doc__, VISITS, LAYOUTS, EDITS)
    parser.add_argument(
        "--train", nargs="+", help="files of visits; or --start with --layouts or --edits"
    )
    parser.add_argument(
        "--surface",
        type=Path,
        nargs="+",
        default=[],
        help="pages of the visits as their teams declared them; others count as one column",
    )
    parser.add_argument("--layouts", nargs="+", default=[], help="files of layouts people made")
    parser.add_argument("--edits", nargs="+", default=[], help="files of people's rearrangements")
    parser.add_argument("--out", type=new_folder, required=True, help="folder of the new version")
    parser.add_argument("--innate", action="store_true", help="train for no surface in particular")
    parser.add_argument("--start", type=existing_version, help="version folder to start from")
    parser.add_argument(
        "--seed", type=whole_number(0), default=0, help="of weights, order and augmentation"
    )
    parser.add_argument(
        "--scratch",
        type=new_folder,
        help="folder on disk for what is learned from, in place of memory; torchrun's share it",
    )
    parser.add_argument("--smoke", action="store_true", help="a few subjects and epochs: seconds")
    options = parser.parse_args(arguments)
    if not options.train and not (options.start and (options.layouts or options.edits)):
        parser.error("--train is needed, or --start with --layouts or --edits")
    return options


if __name__ == "__main__":
    sys.exit(main())
