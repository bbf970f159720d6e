"""The audit: does a version serve every slice of people alike?

    python -m ml.audit --replay FILE.jsonl --visits VISITS --people PEOPLE --by gender disability
        [--champion REPLAY] [--anchor REPLAY] [--book REPLAY] [--previous REPORT.json…] --out DIR

Reading order: `ml.audit.audit`, then `replay_file`, `metrics` and `statistics` of `ml.evaluation`,
and here `references`, `slices`, `rows` and `report`.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from ml.audit import cohort
from ml.audit.audit import audit
from ml.audit.rows import Progress
from ml.cli import new_folder, whole_number
from ml.data.errors import BadValue, DataError
from ml.data.tables import read_people, read_visits


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ml.audit", description=__doc__.split("\n")[0])
    add = parser.add_argument
    add("--replay", type=Path, help="a replay of the version to audit (python -m ml.replay)")
    add("--visits", type=Path, nargs="+", help="the visits it replays, Parquet or CSV")
    add("--people", type=Path, nargs="+", help="user, surface (optional), attributes")
    add("--by", nargs="+", help="attributes; their crossings of two follow by themselves")
    add("--champion", type=Path, help="the serving version's replay of the same visits")
    add("--anchor", type=Path, help="the first approved version's replay of the same visits")
    add("--book", type=Path, help="the version's replay of the same visits by --policy book")
    add("--previous", type=Path, nargs="+", default=[], help="earlier report.json, oldest first")
    add("--power", type=Path, help="what ml.audit.power printed, to be shown in the report")
    add("--out", type=new_folder, help="folder for report.html and report.json")
    add("--version", default="", help="the name the report gives the version")
    add("--serves", action="store_true", help="the version serves people now: what to do differs")
    add("--simulated", action="store_true", help="the people are simulated: the report says so")
    add("--seed", type=whole_number(0), default=0, help="of the people of --smoke")
    add("--smoke", action="store_true", help="audit a small simulated cohort, in seconds")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    parser = arguments()
    options = parser.parse_args(argv)
    needed = ("replay", "visits", "people", "by", "out")
    missing = [f"--{name}" for name in needed if getattr(options, name) is None]
    if missing and not options.smoke:
        parser.error(f"{' '.join(missing)} needed (or --smoke)")
    started = time.monotonic()
    # disable=None shows the bar on a terminal only.
    with tqdm(total=1, disable=None, bar_format="{l_bar}{bar}| {elapsed}") as bar:

        def show(doing: str, done: int, steps: int) -> None:
            bar.total, bar.n = steps, done
            bar.set_description(doing)

        try:
            report, out = _smoke(options, show) if options.smoke else _files(options, show)
        except DataError as error:
            bar.close()
            sys.stderr.write(f"{error}\n")
            return 2
    sys.stdout.write(json.dumps(_summary(report, out, time.monotonic() - started)) + "\n")
    return 0


def _files(options: argparse.Namespace, progress: Progress) -> tuple[dict[str, Any], Path]:
    visits, _ = read_visits(options.visits)
    people, _ = read_people(options.people)
    report = audit(
        options.replay,
        visits,
        people,
        options.by,
        champion=options.champion,
        anchor=options.anchor,
        book=options.book,
        previous=[_json(path, "--previous", "surfaces") for path in options.previous],
        power=_json(options.power, "--power", "seeds") if options.power else None,
        out=options.out,
        version=options.version,
        serves=options.serves,
        simulated=options.simulated,
        progress=progress,
    )
    return report, options.out


def _json(path: Path, option: str, part: str) -> dict[str, Any]:
    """Reads a JSON file that an earlier run wrote. part: a field that tells it from others."""
    rule = {
        "--previous": "must be the report.json of an earlier audit",
        "--power": "must be the JSON that python -m ml.audit.power printed",
    }[option]
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError([BadValue(path.name, 0, option, str(path), f"{rule}: {error}")]) from error
    if not isinstance(found, dict) or part not in found:
        raise DataError([BadValue(path.name, 0, option, str(path), f"{rule}: it has no {part!r}")])
    return found


def _smoke(options: argparse.Namespace, progress: Progress) -> tuple[dict[str, Any], Path]:
    out = options.out or Path(tempfile.mkdtemp(prefix="audit-"))
    out.mkdir(parents=True, exist_ok=True)
    replay = out / "replay.jsonl"
    visits, people = cohort.simulate(
        replay, users=600, visits=6, planted=cohort.upside_down, seed=options.seed
    )
    by = options.by or ["gender", "disability"]
    report = audit(replay, visits, people, by, out=out, simulated=True, progress=progress)
    return report, out


def _summary(report: Mapping[str, Any], out: Path, seconds: float) -> dict[str, Any]:
    verdicts = [row["verdict"] for row in report["slices"]]
    return {
        "verdict": report["verdict"],
        "look": report["look"],
        "simulated": report["simulated"],
        **{v: verdicts.count(v) for v in ("within", "exceeds", "inconclusive")},
        "users": sum(s["users"] for s in report["surfaces"]),
        "visits": sum(s["visits"] for s in report["surfaces"]),
        "report": str(out / "report.html"),
        "wall_s": round(seconds, 1),
    }


if __name__ == "__main__":
    sys.exit(main())
