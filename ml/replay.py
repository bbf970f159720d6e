"""Replaying a policy over recorded visits: what would each have been shown?

    python -m ml.replay --train daily.parquet --test later.parquet --out replay.jsonl

Trains on the first file (or takes a version as it is), then replays the second in time order. The
past of a visit is every visit of the test file with a strictly earlier `at`, of all users; network
weights stay fixed. Each line holds the layout that would have been shown, the default order,
tokens, distortion and the milliseconds of the decision. With --surface the pages are as their teams
declared them, every policy keeps their groups and fixed blocks, the default is the page as
declared, and a line also holds the seconds that moves save and the reasons said.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

import pandas as pd
import torch

from ml.books.learn import learn_books
from ml.cli import progress_bar, smoke_sample, whole_file
from ml.data.errors import BadValue, DataError
from ml.data.histories import RecordedVisit, page, pages, popularity_by_day, visits_of
from ml.data.sums import default_orders
from ml.data.surface_files import read_surfaces, refuse_strangers
from ml.data.tables import read_visits
from ml.evaluation.policies import BOOKED, CODED, policy
from ml.evaluation.replay import captured_gain, declared_orders, replay, static_orders
from ml.evaluation.replay_options import options_of
from ml.evaluation.replay_shards import Walk, replay_by
from ml.layouts.records import read_records
from ml.learning.settings import Settings
from ml.progress import Progress
from ml.rehearsal.gain_change import gain_change
from ml.rehearsal.retrained import Retrains
from ml.training.layout_part import learn_layout_part
from ml.training.start import TooLittleDataError
from ml.training.train import train_version
from uiengine.errors import VersionError
from uiengine.model.version import CodebookVersion
from uiengine.model.version_folder import load_version
from uiengine.page.surface import Surface


def main(arguments: Sequence[str] | None = None) -> int:
    options = options_of(arguments, __doc__)
    torch.set_num_threads(2)
    try:
        summary = run(options)
    except (DataError, TooLittleDataError, VersionError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(json.dumps(summary) + "\n")
    return 0


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Prepares the version, replays the visits, writes the lines and returns the summary."""
    test = _read([options.test], "visits to replay")
    train = _read(options.train, "visits to train on") if options.train else None
    if options.smoke:
        test = smoke_sample(test, 10)
        train = None if train is None else smoke_sample(train, 20)
    if options.retrain_every:
        _refuse_too_short(test, options.retrain_every, options.test)
    declared = read_surfaces(options.surface)
    for frame, file in ((test, options.test), (train, " ".join(options.train or ()))):
        if declared and frame is not None:
            refuse_strangers(frame, declared, file)
    begin = time.perf_counter()
    options.out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        version, trained, seconds = _version(options, train, declared, Path(work) / "version")
        surfaces = declared or tested_surfaces(test, train, trained)
        defaults = declared_orders(declared) or static_orders(surfaces, trained)
        visits = visits_of(test)
        lines = _replayed(options, version, visits, surfaces, defaults)
        more: dict[str, Any] = {}
        if options.retrain_every:
            retrains = _retrains(options, train, surfaces, defaults, Path(work))
            frozen, lines = lines, _retrained(options, retrains, test)
            more = {
                "frozen": {"captured_gain": captured_gain(frozen, visits)},
                "gain_change": gain_change(lines, frozen, visits),
                "retrains": retrains.made,
            }
    return {
        "policy": options.policy,
        "bits": options.bits,
        "visits": len(lines),
        "version": version.id if version else None,
        "captured_gain": captured_gain(lines, visits),
        "mean_tokens": round(sum(len(line["tokens"]) for line in lines) / max(len(lines), 1), 3),
        "train_seconds": seconds,
        "seconds": round(time.perf_counter() - begin, 1),
        "out": str(options.out),
        **more,
    }


def _by_workers(
    options: argparse.Namespace,
    visits: Sequence[RecordedVisit],
    surfaces: Mapping[str, Surface],
    defaults: Mapping[str, Sequence[str]],
    progress: Progress,
) -> list[dict[str, Any]]:
    walk = Walk(
        surfaces,
        defaults,
        popularity_by_day(visits),
        options.policy,
        options.version or options.save,
        options.bits,
        options.seed,
        options.entries,
        bool(options.surface),
    )
    with tempfile.TemporaryDirectory(dir=options.out.parent) as work:
        replay_by(options.workers, walk, visits, options.out, Path(work), progress)
    with options.out.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def _replayed(
    options: argparse.Namespace,
    version: CodebookVersion | None,
    visits: Sequence[RecordedVisit],
    surfaces: Mapping[str, Surface],
    defaults: Mapping[str, Sequence[str]],
) -> list[dict[str, Any]]:
    """Replays under one version."""
    bar, show = progress_bar(f"replay {options.policy}")
    with bar:
        if options.workers > 1:
            return _by_workers(options, visits, surfaces, defaults, show)
        of = (options.bits, options.seed, options.entries)
        decide = policy(options.policy, version, defaults, *of)
        is_declared = bool(options.surface)
        made = replay(visits, surfaces, defaults, decide, show, is_declared=is_declared)
        with whole_file(options.out) as file:
            return list(_written(made, file))


def _refuse_too_short(rows: pd.DataFrame, every: int, file: str) -> None:
    """Raises DataError where no version would be made anew within the days of the file."""
    days = int(rows["day"].max() - rows["day"].min()) + 1
    if days <= every:
        rule = f"{Path(file).name} has visits of {days} day(s): name fewer, or a longer file"
        raise DataError([BadValue("--retrain-every", 0, "days", str(every), rule)])


def _retrains(
    options: argparse.Namespace,
    train: pd.DataFrame | None,
    surfaces: Mapping[str, Surface],
    defaults: Mapping[str, Sequence[str]],
    work: Path,
) -> Retrains:
    """What makes versions anew, from the one that `_version` left."""
    return Retrains(
        options.version or options.save or work / "version",
        surfaces,
        defaults,
        work,
        earlier=train,
        name=options.policy,
        bits=options.bits,
        seed=options.seed,
        settings=Settings().smoke() if options.smoke else None,
    )


def _retrained(
    options: argparse.Namespace, retrains: Retrains, test: pd.DataFrame
) -> list[dict[str, Any]]:
    """Replays under versions made anew; their lines take the place of those already written."""
    bar, show = progress_bar(f"replay {options.policy}, retrained")
    with bar, whole_file(options.out) as file:
        made = retrains.replay(test, options.retrain_every, show, bool(options.surface))
        return list(_written(made, file))


def _read(files: Sequence[str], what: str) -> pd.DataFrame:
    """Reads visits. Raises DataError where the files have no rows."""
    visits, _ = read_visits(files)
    if visits.empty:
        rule = f"must hold at least one visit: name files of {what}"
        raise DataError([BadValue(Path(file).name, 0, "rows", "0", rule) for file in files])
    return visits


def _written(lines: Iterator[dict[str, Any]], file: TextIO) -> Iterator[dict[str, Any]]:
    for line in lines:
        file.write(json.dumps(line, ensure_ascii=False) + "\n")
        yield line


def _version(
    options: argparse.Namespace,
    train: pd.DataFrame | None,
    declared: dict[str, Surface],
    out: Path,
) -> tuple[CodebookVersion | None, dict[str, Sequence[str]], float]:
    """Returns the version to decide with, its default orders, and the seconds of training."""
    if options.version is not None:
        version = load_version(options.version, threads=2)
        return version, dict(version.default_orders), 0.0
    assert train is not None
    orders = default_orders(visits_of(train), declared or pages([train]))
    if options.policy not in CODED and options.save is None:
        return None, dict(orders), 0.0
    begin = time.perf_counter()
    layouts = read_records(options.layouts, strict=False)
    part = (
        learn_layout_part(layouts, seed=options.seed, is_smoke=options.smoke) if layouts else None
    )
    out = options.save or out
    bar, show = progress_bar("training")
    with bar:
        train_version(
            train,
            out,
            surfaces=declared or None,
            innate=options.innate,
            seed=options.seed,
            progress=show,
            settings=Settings().smoke() if options.smoke else None,
            layouts=part,
        )
    if options.policy in BOOKED or options.save is not None:
        learn_books(out, train, declared or pages([train]))
    version = load_version(out, threads=2)
    return version, dict(version.default_orders), round(time.perf_counter() - begin, 1)


def tested_surfaces(
    test: pd.DataFrame, train: pd.DataFrame | None, trained: Mapping[str, Sequence[str]]
) -> dict[str, Surface]:
    """Returns pages of the tested surfaces with every block that occurs in train or test."""
    blocks: dict[str, set[str]] = {}
    for frame in (test, train):
        if frame is not None:
            pairs = frame[["surface", "block"]].drop_duplicates()
            for slug, block in zip(pairs["surface"], pairs["block"], strict=True):
                blocks.setdefault(slug, set(trained.get(slug, ()))).add(block)
    tested = set(test["surface"])
    return {slug: page(slug, sorted(names)) for slug, names in blocks.items() if slug in tested}


if __name__ == "__main__":
    sys.exit(main())
