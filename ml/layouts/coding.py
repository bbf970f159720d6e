"""Codes layouts by a version's layout part and summarises how well they come back."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from ml.data.errors import BadValue, DataError
from ml.layouts.records import Floats, Record
from ml.layouts.search import Coded, encode, nearest
from ml.progress import Progress
from uiengine.errors import VersionError
from uiengine.model.layout_codec import LayoutCodec
from uiengine.model.version_folder import load_version

TOKEN_BITS = 8
INNATE = Path(__file__).parents[2] / "fixtures/innate"
"""The shipped innate version, whose layout part is exchanged for a trained one."""


class Result(NamedTuple):
    """Codes of one record by number of tokens allowed, from 0.

    searched: found by search. nearest: the nearest codes. boxes: decoded from the former, (N, 4),
    in the record's slot order.
    """

    searched: list[Coded]
    nearest: list[Coded]
    boxes: list[Floats]


def code(part: LayoutCodec, record: Record, stages: int) -> Result:
    """Encodes a record, then decodes it from tokens, kinds and columns only."""
    if not record.kinds:
        whole = [Coded((), 1.0)] * (stages + 1)
        return Result(whole, whole, [np.empty((0, 4))] * (stages + 1))
    found = encode(part, record, stages)
    boxes = [part.boxes(record.kinds, record.columns, c.tokens) for c in found]
    return Result(found, nearest(part, record, stages), boxes)


def layout_part(folder: Path) -> LayoutCodec:
    """Loads the layout part of a version. Raises VersionError if it has none."""
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
    """Codes the records one by one, in order, by the version in `folder`, in `jobs` processes."""
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
    """Yields one line per budget, with items in the order of the file."""
    for bits in budgets:
        allowed = min(bits // TOKEN_BITS, len(result.searched) - 1)
        items: list[dict[str, int]] = [{}] * len(record.kinds)
        for box, place in zip(result.boxes[allowed].tolist(), record.index.tolist(), strict=True):
            items[place] = {name: int(value) for name, value in zip("xywh", box, strict=True)}
        tokens = list(result.searched[allowed].tokens)
        yield {"id": record.id, "bits": bits, "tokens": tokens, "items": items}


def summary(results: Sequence[Result], budgets: Sequence[int], stages: int) -> dict[str, Any]:
    """Returns the mean matched IoU per budget; at 0 bits only descriptors are known."""
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
    """Returns 2^entropy of the used codes; 0 if there are none."""
    if not codes:
        return 0.0
    share = np.unique(np.array(codes), return_counts=True)[1] / len(codes)
    return round(float(2 ** -(share * np.log2(share)).sum()), 1)


def with_items(records: Sequence[Record], files: Sequence[str]) -> list[Record]:
    """Drops records without items. Raises DataError if none remains."""
    found = [record for record in records if record.kinds]
    if not found:
        problem = BadValue(", ".join(files), 0, "items", "none", "needs a layout with an item")
        raise DataError([problem])
    return found
