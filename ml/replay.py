"""Replaying a policy over recorded visits: what would each have been shown?

    python -m ml.replay --train daily.parquet --test later.parquet --out replay.jsonl

Trains on the first (or takes a version as it is), then walks the second in time order. The past of
a visit is every visit of the test file with a strictly earlier `at`, of all users; network weights
stay fixed. Each line holds the layout that would have been shown, the default order, tokens,
distortion and what the decision cost.
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

from ml.command_help import LAYOUTS, VISITS, command, version_folder
from ml.data import DataError, Problem, read_visits
from ml.histories import Histories, Visit, default_orders, moments, page, pages, visits_of
from ml.layout_data import read_records
from ml.policies import CODED, POLICIES, Policy, Shown, policy
from ml.settings import Settings
from ml.train import (
    Progress,
    TooLittleDataError,
    learned,
    progress_bar,
    smoke_sample,
    train_version,
)
from uiengine import runtime
from uiengine.decoded import Request
from uiengine.errors import VersionError
from uiengine.packing import pack
from uiengine.runtime import CodebookVersion
from uiengine.surface import Surface

BIT_BUDGETS = (8, 16, 24, 32, 40, 48, 56, 64)


def replay(
    visits: Sequence[Visit],
    surfaces: Mapping[str, Surface],
    defaults: Mapping[str, Sequence[str]],
    decide: Policy,
    progress: Progress = lambda share, text: None,
    only: frozenset[str] | None = None,
) -> Iterator[dict[str, Any]]:
    """A line per visit, in time order. Visits with the same `at` are decided before any is
    learned from. defaults: the static order of every surface. only: users to decide for; the
    others' visits are history alone."""
    past, boxes, done = Histories(), _Boxes(), 0
    for everyone in moments(visits):
        moment = [v for v in everyone if only is None or v.user in only]
        requests = [
            Request(
                surface=surfaces[v.surface],
                profile=past.profile(v),
                popularity=past.popularity(v.surface, v.day),
                day=v.day,
                visit=f"{v.surface}\t{v.user}\t{v.at}",
            )
            for v in moment
        ]
        begin = time.perf_counter()
        shown = decide(requests) if requests else []
        each = 1000 * (time.perf_counter() - begin) / max(len(moment), 1)
        for visit, request, made in zip(moment, requests, shown, strict=True):
            yield _line(visit, made, boxes.of(request.surface, made.order), defaults, each)
            past.observe(visit, made.order)
        for visit in everyone:
            if only is not None and visit.user not in only:
                past.observe(visit)
        done += len(everyone)
        progress(done / len(visits), everyone[0].at)


class _Boxes:
    """Packed layouts, remembered by surface and order: few orders are shown over and over."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, tuple[str, ...]], list[dict[str, Any]]] = {}

    def of(self, surface: Surface, order: tuple[str, ...]) -> list[dict[str, Any]]:
        key = (surface.slug, order)
        if key not in self._known:
            placed = pack(surface, order).placements[surface.widest.name]
            self._known[key] = [
                {"id": p.id, "x": p.x, "y": p.y, "w": p.w, "h": p.h} for p in placed
            ]
        return self._known[key]


def _line(
    visit: Visit,
    made: Shown,
    layout: list[dict[str, Any]],
    defaults: Mapping[str, Sequence[str]],
    milliseconds: float,
) -> dict[str, Any]:
    return {
        "user": visit.user,
        "surface": visit.surface,
        "at": visit.at,
        "visit": visit.number,
        "layout": layout,
        "default": list(defaults[visit.surface]),
        "tokens": list(made.tokens),
        "side_bits": made.side_bits,
        "distortion": made.distortion,
        "explored": made.explored,
        "status": made.status,
        "propensity": made.propensity,
        "decide_ms": round(milliseconds, 4),
    }


def static_orders(
    surfaces: Mapping[str, Surface], trained: Mapping[str, Sequence[str]]
) -> dict[str, list[str]]:
    """The training data's popularity order; blocks it does not know follow, alphabetically."""
    orders = {}
    for slug, surface in surfaces.items():
        known = [b for b in trained.get(slug, ()) if b in surface.index]
        orders[slug] = known + sorted(set(surface.index) - set(known))
    return orders


def captured_gain(lines: Sequence[Mapping[str, Any]], visits: Sequence[Visit]) -> dict[str, Any]:
    """(S − P)/(S − C) per surface, over all visits and over each user's first three.

    S, P, C: mean rank of used blocks (mean per visit, then over visits) under the default order,
    the shown one, and a clairvoyant one. None where no order could gain anything.
    """
    sums: dict[tuple[str, str], list[float]] = {}
    for line, visit in zip(lines, visits, strict=True):
        ranks = {item["id"]: r for r, item in enumerate(line["layout"])}
        static = {b: r for r, b in enumerate(line["default"])}
        used = len(visit.blocks)
        row = [
            sum(static[b] for b in visit.blocks) / used,
            sum(ranks[b] for b in visit.blocks) / used,
            (used - 1) / 2,
        ]
        for name in ("all", "first_three") if visit.number < 3 else ("all",):
            total = sums.setdefault((visit.surface, name), [0.0, 0.0, 0.0])
            sums[visit.surface, name] = [a + b for a, b in zip(total, row, strict=True)]
    found: dict[str, Any] = {}
    for (surface, name), (static_sum, shown_sum, best_sum) in sorted(sums.items()):
        room = static_sum - best_sum
        gain = round((static_sum - shown_sum) / room, 4) if room > 0 else None
        found.setdefault(surface, {})[name] = gain
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    torch.set_num_threads(2)
    try:
        summary = run(options)
    except (DataError, TooLittleDataError, VersionError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(json.dumps(summary) + "\n")
    return 0


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Prepares the version, replays, writes the lines; returns the summary."""
    test = _read([options.test], "visits to replay")
    train = _read(options.train, "visits to train on") if options.train else None
    if options.smoke:
        test = smoke_sample(test, 10)
        train = None if train is None else smoke_sample(train, 20)
    begin = time.perf_counter()
    version, trained, seconds = _version(options, train)
    surfaces = _surfaces(test, train, trained)
    defaults = static_orders(surfaces, trained)
    decide = policy(options.policy, version, defaults, options.bits, options.seed)
    visits = visits_of(test)
    bar, show = progress_bar(f"replay {options.policy}")
    options.out.parent.mkdir(parents=True, exist_ok=True)
    with bar, options.out.open("w", encoding="utf-8") as file:
        lines = list(_written(replay(visits, surfaces, defaults, decide, show), file))
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
    }


def _read(files: Sequence[str], what: str) -> pd.DataFrame:
    """DataError where the files hold their columns' names alone."""
    visits, _ = read_visits(files)
    if visits.empty:
        rule = f"must hold at least one visit: name files of {what}"
        raise DataError([Problem(Path(file).name, 0, "rows", "0", rule) for file in files])
    return visits


def _written(lines: Iterator[dict[str, Any]], file: TextIO) -> Iterator[dict[str, Any]]:
    for line in lines:
        file.write(json.dumps(line, ensure_ascii=False) + "\n")
        yield line


def _version(
    options: argparse.Namespace, train: pd.DataFrame | None
) -> tuple[CodebookVersion | None, dict[str, Sequence[str]], float]:
    """The version to decide with, its default orders, and the seconds spent on training."""
    if options.version is not None:
        version = runtime.load(options.version, threads=2)
        return version, dict(version.default_orders), 0.0
    assert train is not None
    orders = default_orders(visits_of(train), pages([train]))
    if options.policy not in CODED and options.save is None:
        return None, dict(orders), 0.0
    begin = time.perf_counter()
    layouts = read_records(options.layouts, strict=False)
    part = learned(layouts, seed=options.seed, is_smoke=options.smoke) if layouts else None
    with tempfile.TemporaryDirectory() as folder:
        out = options.save or Path(folder) / "version"
        bar, show = progress_bar("training")
        with bar:
            train_version(
                train,
                out,
                innate=options.innate,
                seed=options.seed,
                progress=show,
                settings=Settings().smoke() if options.smoke else None,
                layouts=part,
            )
        version = runtime.load(out, threads=2)
    return version, dict(version.default_orders), round(time.perf_counter() - begin, 1)


def _surfaces(
    test: pd.DataFrame, train: pd.DataFrame | None, trained: Mapping[str, Sequence[str]]
) -> dict[str, Surface]:
    """Pages of the test file's surfaces, with every block that occurs in train or test."""
    blocks: dict[str, set[str]] = {}
    for frame in (test, train):
        if frame is not None:
            pairs = frame[["surface", "block"]].drop_duplicates()
            for slug, block in zip(pairs["surface"], pairs["block"], strict=True):
                blocks.setdefault(slug, set(trained.get(slug, ()))).add(block)
    tested = set(test["surface"])
    return {slug: page(slug, sorted(names)) for slug, names in blocks.items() if slug in tested}


def _innate(text: str) -> Path | None:
    return None if text == "none" else version_folder(text)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = command("ml.replay", __doc__, VISITS, LAYOUTS)
    parser.add_argument("--train", nargs="+", help="files of visits to train on")
    parser.add_argument("--test", required=True, help="file of visits to replay")
    parser.add_argument("--out", type=Path, required=True, help="JSON lines, one per visit")
    parser.add_argument("--policy", choices=POLICIES, default="engine")
    parser.add_argument("--bits", type=int, choices=BIT_BUDGETS, default=64, help="token budget")
    parser.add_argument("--version", type=version_folder, help="take this version folder as it is")
    parser.add_argument("--save", type=Path, help="keep the trained version here")
    parser.add_argument(
        "--innate", type=_innate, help="version folder to start from, or none; default: learn it"
    )
    parser.add_argument(
        "--layouts", nargs="+", default=[], help="files of layouts people made: the layout part"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--smoke", action="store_true", help="a few users: ends within seconds")
    options = parser.parse_args(arguments)
    if options.version is None and not options.train:
        parser.error("--train or --version is needed: name files of visits, or a version folder")
    return options


if __name__ == "__main__":
    sys.exit(main())
