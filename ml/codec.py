"""Codes layouts that people made in at most 64 bits each, and decodes them again.

    python -m ml.codec --train made.jsonl.gz --test unseen.jsonl --bits 8 16 32 64 --out out.jsonl
    python -m ml.codec --version fixtures/innate --test unseen.jsonl --out out.jsonl

Trains a version's layout part on the first file and exports it with the shipped innate networks,
then encodes and decodes the second file by the exported version. The decoder gets the multiset of
kinds, the number of columns, the tokens and the model, but no order, type, source or id.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from ml.cli import (
    LAYOUTS,
    command,
    existing_version,
    new_file,
    new_folder,
    progress_bar,
    refuse_overwriting,
    whole_file,
    whole_number,
)
from ml.data.errors import DataError
from ml.evaluation.replay import BIT_BUDGETS
from ml.layouts.coding import (
    INNATE,
    TOKEN_BITS,
    code_all,
    layout_part,
    lines_of,
    summary,
    with_items,
)
from ml.layouts.part import with_layouts
from ml.layouts.records import read_records
from ml.training.layout_part import SMOKE_LAYOUTS, learn_layout_part
from uiengine.errors import VersionError
from uiengine.model.version_folder import load_version


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    torch.set_num_threads(1)
    try:
        with tempfile.TemporaryDirectory() as folder:
            line = run(options, Path(folder))
    except (DataError, VersionError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(json.dumps(line) + "\n")
    return 0


def run(options: argparse.Namespace, scratch: Path) -> dict[str, Any]:
    """Codes the test layouts by a trained or given version; returns the summary."""
    test = read_records([options.test])
    with_items(test, [options.test])
    begin = time.perf_counter()
    folder = options.version or _trained(options, options.save or scratch / "version")
    trained = time.perf_counter() - begin
    version = load_version(folder)
    part = layout_part(folder)
    if options.smoke:
        test = test[:SMOKE_LAYOUTS]
    stages = min(max(options.bits) // TOKEN_BITS, len(part.codes_in_use))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    results = []
    bar, show = progress_bar("coding")
    with bar, whole_file(options.out) as file:
        coded = code_all(folder, test, stages, 1 if options.smoke else options.jobs, show)
        for record, result in zip(test, coded, strict=True):
            results.append(result)
            for line in lines_of(record, result, options.bits):
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
    return {
        "layouts": len(test),
        "version": version.id,
        "trained_on": version.card["layouts"]["training"]["layouts"],
        **summary(results, options.bits, stages),
        "slots": list(part.codes_in_use),
        "parity": version.card["layouts"]["parity"],
        "train_seconds": round(trained, 1),
        "seconds": round(time.perf_counter() - begin, 1),
        "out": str(options.out),
    }


def _trained(options: argparse.Namespace, out: Path) -> Path:
    """Writes the innate version with a layout part learned from --train only."""
    train = with_items(read_records(options.train), options.train)
    part = learn_layout_part(train, seed=options.seed, is_smoke=options.smoke)
    with_layouts(INNATE, part, out)
    return out


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = command("ml.codec", __doc__, LAYOUTS)
    parser.add_argument("--train", nargs="+", help="files of layouts to train on")
    parser.add_argument(
        "--version", type=existing_version, help="take this version folder as it is"
    )
    parser.add_argument("--save", type=new_folder, help="keep the trained version here")
    parser.add_argument("--test", required=True, help="file of layouts to encode and decode")
    parser.add_argument(
        "--bits",
        nargs="+",
        type=int,
        choices=BIT_BUDGETS,
        default=[8, 16, 32, 64],
        metavar="BITS",
        help="budgets, 8 bits a token: multiples of 8 from 8 to 64",
    )
    parser.add_argument("--out", type=new_file, required=True, help="JSON lines, one per budget")
    parser.add_argument("--seed", type=whole_number(0), default=0)
    parser.add_argument("--jobs", type=int, default=2, help="processes that encode")
    parser.add_argument("--smoke", action="store_true", help="a few layouts: ends within seconds")
    options = parser.parse_args(arguments)
    if options.jobs < 1:
        parser.error("--jobs must be at least 1")
    if (options.train is None) == (options.version is None):
        parser.error("--train or --version is needed, and not both")
    refuse_overwriting(parser, options.out, [options.test, *(options.train or ())])
    return options


if __name__ == "__main__":
    sys.exit(main())
