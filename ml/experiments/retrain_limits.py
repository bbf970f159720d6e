"""What a limit on a retrain's visits costs on a page with more of them than any real file here has.

    python -m ml.experiments.retrain_limits --people 8000 --visits 44

Simulated people with known needs (`ml.data.needs`) on a declared page. Each retrain goes on from
the innate version as the product's does, from people who are drawn as the product draws them; gain
is that of a quarter of the people, who are held back. A second seed shows the noise. Prints a JSON
line for each limit and seed.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from ml.cli import existing_version, progress_bar
from ml.data.needs import people_with_needs
from ml.data.surface_files import read_surfaces
from ml.data.tables import check_visits
from ml.experiments.decoding import codebook, through_tokens
from ml.experiments.judging import gains, ranks_of
from ml.experiments.limits import drawn_rows
from ml.experiments.split import Side, prepare, split_frame
from ml.learning.alignment import renumbered
from ml.learning.loop import Fitted, fit
from ml.learning.settings import Settings
from ml.training.start import kinds_of, load_fitted
from ml.training.train import fine_tuning
from uiengine.page.surface import Surface

BANK = Path("fixtures/surfaces/bank.json")
INNATE = Path("fixtures/innate")
LIMITS = (50_000, 100_000, 200_000, 10**9)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m ml.experiments.retrain_limits")
    parser.add_argument("--surface", type=Path, default=BANK, help="a declared page")
    parser.add_argument("--people", type=int, default=8000)
    parser.add_argument("--visits", type=int, default=44, help="of a person")
    parser.add_argument("--limits", type=int, nargs="+", default=LIMITS, help="visits of a retrain")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--epochs", type=int, help="in place of those of a retrain")
    parser.add_argument("--rate", type=float, help="peak learning rate, likewise")
    parser.add_argument("--start", type=existing_version, default=INNATE, help="version folder")
    options = parser.parse_args(arguments)
    named = {"code_epochs": options.epochs, "rate": options.rate}
    changes = {name: value for name, value in named.items() if value is not None}
    torch.set_num_threads(1)
    pages, start = read_surfaces([options.surface]), load_fitted(options.start)
    kinds, (train, test) = sides(pages, options.people, options.visits, start)
    for limit in options.limits:
        for seed in options.seeds:
            line = {"limit": limit, "seed": seed, "simulated": True, "people": options.people}
            for found in retrained(train, test, kinds, start, limit, seed, changes):
                sys.stdout.write(json.dumps({**line, **found}) + "\n")
                sys.stdout.flush()
    return 0


def sides(
    pages: Mapping[str, Surface], people: int, visits: int, start: Fitted
) -> tuple[dict[str, int], tuple[Side, Side]]:
    """Returns the numbers of kinds, those of the start first, and both sides numbered by them."""
    ((slug, page),) = pages.items()
    rows, _ = people_with_needs(page, people, visits)
    checked, problems = check_visits(rows, slug)
    assert not problems, problems[:1]
    bar, show = progress_bar("features")
    with bar:
        split = prepare(*split_frame(checked), 0, lambda s: show(s, "history"), surfaces=pages)
    kinds = kinds_of(start, pages)
    train, test = (
        replace(side, examples=renumbered(side.examples, split.kinds, kinds))
        for side in (split.train, split.test)
    )
    return kinds, (train, test)


def retrained(
    train: Side,
    test: Side,
    kinds: Mapping[str, int],
    start: Fitted,
    limit: int,
    seed: int,
    changes: Mapping[str, Any],
) -> Iterator[dict[str, Any]]:
    """Yields what a retrain from at most `limit` visits gains on the other people."""
    rows = drawn_rows(train.examples.users, limit)
    learned = train.examples if rows is None else train.examples.only(rows)
    tuned = {**fine_tuning(len(learned)), **changes}
    settings = replace(start.settings, **Settings().terms(), **tuned)
    began = time.process_time()
    bar, show = progress_bar(f"{len(learned)} visits")
    with bar:
        fitted = fit(learned, kinds, settings, seed=seed, start=start, progress=show)
    seconds = round(time.process_time() - began, 1)
    found = through_tokens(fitted, codebook(fitted, learned, seed), test.examples)
    facts: dict[str, Any] = {"epochs": settings.code_epochs, "rate": settings.rate}
    facts |= {"learned_visits": len(learned), "learned_people": len(set(learned.users))}
    for line in gains(ranks_of(found.eager, test), test):
        yield {**facts, **line, "train_cpu_seconds": seconds}


if __name__ == "__main__":
    sys.exit(main())
