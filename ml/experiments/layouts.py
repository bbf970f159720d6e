"""Rate-distortion of layouts that people made: bits against matched IoU, by the exported graphs."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from ml import codec
from ml.experiments.judging import Line
from ml.layout_data import read_records
from ml.layout_export import with_layouts
from ml.train import SMOKE_LAYOUTS, learned

BITS = (8, 16, 32, 64)
Show = Callable[[float, str], None]


def layouts(folder: Path, seed: int, show: Show, *, is_smoke: bool) -> Iterator[Line]:
    """A line per budget, on `dashboards_val` after training on `dashboards_train`.

    Says so and yields nothing where they are not there."""
    files = [folder / f"dashboards_{part}.jsonl.gz" for part in ("train", "val")]
    if not all(file.exists() for file in files):
        sys.stderr.write(f"left out: layouts ({files[0]} is not there)\n")
        return
    train, test = (codec.with_items(read_records([str(f)]), [str(f)]) for f in files)
    if is_smoke:
        train, test = train[:SMOKE_LAYOUTS], test[:SMOKE_LAYOUTS]
    stages, jobs = max(BITS) // codec.TOKEN_BITS, 1 if is_smoke else 2
    with tempfile.TemporaryDirectory() as scratch:
        version = Path(scratch) / "version"
        with_layouts(codec.INNATE, learned(train, seed=seed, is_smoke=is_smoke), version)
        results = list(codec.code_all(version, test, stages, jobs, show))
    found = codec.summary(results, BITS, stages)
    for bits in (0, *BITS):
        yield {
            "bits": bits,
            "layouts": len(test),
            "matched_iou": found["matched_iou"][str(bits)],
            "without_search": found["matched_iou_without_search"][str(bits)],
        }
