"""Rate-distortion of layouts that people made: bits against matched IoU, by the exported graphs."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ml.data.json_lines import read_layouts
from ml.experiments.judging import Line
from ml.experiments.split import is_held_back
from ml.layouts.coding import INNATE, TOKEN_BITS, code_all, summary, with_items
from ml.layouts.part import with_layouts
from ml.layouts.records import Record, to_record
from ml.progress import named_part
from ml.training.layout_part import SMOKE_LAYOUTS, learn_layout_part

BITS = (8, 16, 32, 64)
SEEN, UNSEEN = "known tools", "tools never seen"
NAMES = (SEEN, UNSEEN)
LEFT_OUT = ("datadog", "influxdb", "kibana", "perses")
"""Tools left out of training, a hard test: a third of the layouts, four column systems."""
JUDGED = 0.2
"""Share of the left-out tools' layouts that is judged; the others go unused."""
Show = Callable[[float, str], None]
Sides = tuple[list[Record], list[Record]]


def layouts(
    folder: Path, seed: int, show: Show, names: Sequence[str] = NAMES, *, is_smoke: bool
) -> Iterator[Line]:
    """Yields a line per part and budget of bits.

    SEEN learns from `dashboards_train` and judges `dashboards_val`, made with the tools of the
    former. UNSEEN learns from `dashboards_train` without LEFT_OUT and judges layouts of LEFT_OUT.
    Where the files are missing it says so on stderr and yields nothing.
    """
    files = [folder / f"dashboards_{part}.jsonl.gz" for part in ("train", "val")]
    if not all(file.exists() for file in files):
        sys.stderr.write(f"left out: layouts ({files[0]} is not there)\n")
        return
    for done, name in enumerate(names):
        sides = _by_file(files) if name == SEEN else _by_tool(files[0])
        train, test = (s[:SMOKE_LAYOUTS] if is_smoke else s for s in sides)
        stages, jobs = max(BITS) // TOKEN_BITS, 1 if is_smoke else 2
        with tempfile.TemporaryDirectory() as scratch:
            version = Path(scratch) / "version"
            with_layouts(INNATE, learn_layout_part(train, seed=seed, is_smoke=is_smoke), version)
            coded = code_all(version, test, stages, jobs, named_part(show, done, len(names), name))
            found = summary(list(coded), BITS, stages)
        for bits in (0, *BITS):
            yield {
                "part": name,
                "bits": bits,
                "layouts": len(test),
                "matched_iou": found["matched_iou"][str(bits)],
                "without_search": found["matched_iou_without_search"][str(bits)],
            }


def _by_file(files: Sequence[Path]) -> Sides:
    train, test = (read_layouts([file])[0] for file in files)
    return _records(train, files[0]), _records(test, files[1])


def _by_tool(file: Path) -> Sides:
    every = read_layouts([file])[0]
    others = [raw for raw in every if raw["source"] not in LEFT_OUT]
    theirs = [raw for raw in every if raw["source"] in LEFT_OUT]
    judged = is_held_back([str(raw["id"]) for raw in theirs], JUDGED)
    test = [raw for raw, held in zip(theirs, judged, strict=True) if held]
    return _records(others, file), _records(test, file)


def _records(raw: Sequence[Line], file: Path) -> list[Record]:
    return with_items([to_record(line) for line in raw], [str(file)])
