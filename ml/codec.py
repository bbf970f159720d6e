"""Coding layouts that people made: at most 64 bits each, and what comes back.

    python -m ml.codec --train made.jsonl.gz --test unseen.jsonl --bits 8 16 32 64 --out out.jsonl
    python -m ml.codec --version fixtures/innate --test unseen.jsonl --out out.jsonl

Trains a version's layout part on the first and exports it, beside the shipped innate networks, as
every version is; then encodes and decodes the second by what was exported. The decoder is given
the multiset of kinds, the number of columns, the tokens and the model; not order, type, source or
id.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from ml.cli import LAYOUTS, command, existing_version, progress_bar
from ml.data.tables import DataError, Problem
from ml.evaluation.replay import BIT_BUDGETS
from ml.layouts.part import with_layouts
from ml.layouts.records import Floats, Record, read_records
from ml.layouts.search import Coded, encode, nearest
from ml.progress import Progress
from ml.training import SMOKE_LAYOUTS, learned
from uiengine.errors import VersionError
from uiengine.model.layout_codec import LayoutCodec
from uiengine.model.version_folder import load_version

TOKEN_BITS = 8
INNATE = Path(__file__).parents[1] / "fixtures/innate"
"""The version whose layout part is exchanged for the one trained here."""


class Result(NamedTuple):
    """Of one record, by number of tokens allowed, from 0: what the search found, what the nearest
    codes alone give, and the boxes decoded from the former, (N, 4) in the record's slot order."""

    searched: list[Coded]
    nearest: list[Coded]
    boxes: list[Floats]


def code(part: LayoutCodec, record: Record, stages: int) -> Result:
    """Encodes, then decodes from the tokens, the kinds and the columns alone."""
    if not record.kinds:
        whole = [Coded((), 1.0)] * (stages + 1)
        return Result(whole, whole, [np.empty((0, 4))] * (stages + 1))
    found = encode(part, record, stages)
    boxes = [part.boxes(record.kinds, record.columns, c.tokens) for c in found]
    return Result(found, nearest(part, record, stages), boxes)


def layout_part(folder: Path) -> LayoutCodec:
    """Of a version, as it serves. VersionError where it has none."""
    part = load_version(folder).layouts
    if part is None:
        problem, step = "holds no layout part", "Name one that was trained with --layouts."
        raise VersionError("version", str(folder), problem, step)
    return part


_worker: dict[str, Any] = {}


def _start_worker(folder: Path, stages: int) -> None:
    torch.set_num_threads(1)
    _worker.update(part=layout_part(folder), stages=stages)


def _work(record: Record) -> Result:
    return code(_worker["part"], record, _worker["stages"])


def code_all(
    folder: Path, records: Sequence[Record], stages: int, jobs: int, progress: Progress
) -> Iterator[Result]:
    """Each record by itself, in order, by the version in `folder`; jobs: processes to use."""
    if jobs == 1:
        part = layout_part(folder)
        for done, record in enumerate(records, 1):
            yield code(part, record, stages)
            progress(done / len(records), record.id)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, context, _start_worker, (folder, stages)) as pool:
        for done, result in enumerate(pool.map(_work, records, chunksize=4), 1):
            yield result
            progress(done / len(records), records[done - 1].id)


def lines_of(record: Record, result: Result, budgets: Sequence[int]) -> Iterator[dict[str, Any]]:
    """A line per budget, its items in the order of the file."""
    for bits in budgets:
        allowed = min(bits // TOKEN_BITS, len(result.searched) - 1)
        items: list[dict[str, int]] = [{}] * len(record.kinds)
        for box, place in zip(result.boxes[allowed].tolist(), record.index.tolist(), strict=True):
            items[place] = {name: int(value) for name, value in zip("xywh", box, strict=True)}
        tokens = list(result.searched[allowed].tokens)
        yield {"id": record.id, "bits": bits, "tokens": tokens, "items": items}


def summary(results: Sequence[Result], budgets: Sequence[int], stages: int) -> dict[str, Any]:
    """Mean matched IoU by budget; 0 bits is the layout that descriptors alone give."""
    scored = {}
    for name in ("searched", "nearest"):
        scored[name] = {
            str(bits): round(
                float(
                    np.mean(
                        [getattr(r, name)[min(bits // TOKEN_BITS, stages)].score for r in results]
                    )
                ),
                4,
            )
            for bits in sorted({0, *budgets})
        }
    tokens = [r.searched[-1].tokens for r in results]
    return {
        "matched_iou": scored["searched"],
        "matched_iou_without_search": scored["nearest"],
        "tokens_mean": round(float(np.mean([len(t) for t in tokens])), 2),
        "perplexity": [_perplexity([t[s] for t in tokens if len(t) > s]) for s in range(stages)],
    }


def _perplexity(codes: Sequence[int]) -> float:
    """2 to the entropy: how many codes of a stage are in even use. 0 where none is."""
    if not codes:
        return 0.0
    share = np.unique(np.array(codes), return_counts=True)[1] / len(codes)
    return round(float(2 ** -(share * np.log2(share)).sum()), 1)


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
    """Trains and exports, or takes a version; codes, writes the lines; returns the summary."""
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
    partial = options.out.with_name(f"{options.out.name}.part")
    bar, show = progress_bar("coding")
    with bar, partial.open("w", encoding="utf-8") as file:
        coded = code_all(folder, test, stages, 1 if options.smoke else options.jobs, show)
        for record, result in zip(test, coded, strict=True):
            results.append(result)
            for line in lines_of(record, result, options.bits):
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
    partial.replace(options.out)
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
    """The innate version with a layout part learned from --train alone."""
    train = with_items(read_records(options.train), options.train)
    part = learned(train, seed=options.seed, is_smoke=options.smoke)
    with_layouts(INNATE, part, out)
    return out


def with_items(records: Sequence[Record], files: Sequence[str]) -> list[Record]:
    """The records that hold anything. DataError where none does."""
    found = [record for record in records if record.kinds]
    if not found:
        problem = Problem(", ".join(files), 0, "items", "none", "needs a layout with an item")
        raise DataError([problem])
    return found


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = command("ml.codec", __doc__, LAYOUTS)
    parser.add_argument("--train", nargs="+", help="files of layouts to train on")
    parser.add_argument(
        "--version", type=existing_version, help="take this version folder as it is"
    )
    parser.add_argument("--save", type=Path, help="keep the trained version here")
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
    parser.add_argument("--out", type=Path, required=True, help="JSON lines, one per budget")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2, help="processes that encode")
    parser.add_argument("--smoke", action="store_true", help="a few layouts: ends within seconds")
    options = parser.parse_args(arguments)
    if options.jobs < 1:
        parser.error("--jobs must be at least 1")
    if (options.train is None) == (options.version is None):
        parser.error("--train or --version is needed, and not both")
    return options


if __name__ == "__main__":
    sys.exit(main())
