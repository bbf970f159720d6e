"""The audit: does a version serve every slice of people alike?

    python -m ml.audit --replay FILE.jsonl --visits VISITS --people PEOPLE --by gender disability
        [--champion REPLAY] [--anchor REPLAY] [--previous REPORT.json…] --out DIR

Reading order: `audit` below, then `audit_replay`, `audit_metrics`, `audit_references`,
`audit_slices`, `audit_statistics`, `audit_rows`, `audit_report`.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
from tqdm import tqdm

from uiengine.surface import Surface

from . import audit_cohort
from .audit_metrics import METRICS, Metric, user_sums, visit_values
from .audit_references import add_reference, since_metrics
from .audit_reliability import stored_power
from .audit_replay import Key, read_replay, used_blocks
from .audit_report import write_report
from .audit_rows import judged, measured, withheld
from .audit_slices import Grouping, attach_attributes, groupings
from .audit_statistics import LEAST_SHOWN, look_error, overall_verdict
from .data import DataError, Problem, read_people, read_visits

Progress = Callable[[str, int, int], None]
"""Called with what is being done, steps done, and steps in all."""
DRAWS = 1000
"""Bootstrap draws: an error is known to about 2 %."""


def silent(doing: str, done: int, steps: int) -> None:
    """Shows nothing."""


def audit(
    replay: Path,
    visits: pd.DataFrame,
    people: pd.DataFrame,
    by: Sequence[str],
    *,
    champion: Path | None = None,
    anchor: Path | None = None,
    previous: Sequence[Mapping[str, Any]] = (),
    surfaces: Mapping[str, Surface] | None = None,
    power: Mapping[str, Any] | None = None,
    out: Path,
    seed: int = 0,
    version: str = "",
    serves: bool = False,
    simulated: bool = False,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Audits a replay, writes report.html and report.json into `out`, returns the latter's content.

    previous: the reports of the earlier looks, oldest first. Only visits after theirs are counted
    (familiarity still comes from all), and this look spends its own share of the error. surfaces:
    the pages of a live site; without them every page is the one column of DESIGN section 10.
    serves: people are served by the audited version now, so that the page says what to do then.
    power: what `ml.audit_power` printed, for the page's section on how often such audits err; what
    is stored beside it where None.
    """
    named = (("champion", champion), ("anchor", anchor))
    references = {name: path for name, path in named if path is not None}
    values, metrics = _values(replay, references, used_blocks(visits), surfaces, progress)
    values = _since_last(values, previous)
    users = attach_attributes(user_sums(values, metrics), people, by)
    rows = _rows(list(groupings(users, by)), metrics, len(previous) + 1, seed, progress)
    report = {
        "verdict": overall_verdict([(r["verdict"], r["users"]) for r in rows if r["verdict"]]),
        "version": version or replay.stem,
        "look": len(previous) + 1,
        "by": list(by),
        "serves": serves,
        "simulated": simulated,
        "seed": seed,
        "references": list(references),
        "surfaces": _surfaces(values),
        "slices": rows,
    }
    write_report(report, previous, power or stored_power(), out)
    return report


def _values(
    replay: Path,
    references: Mapping[str, Path],
    used: Mapping[Key, tuple[str, ...]],
    surfaces: Mapping[str, Surface] | None,
    progress: Progress,
) -> tuple[pd.DataFrame, tuple[Metric, ...]]:
    """What each visit of the replay was worth, beside the references; and the metrics of both."""
    progress("reading the replay", 0, 1)
    values, metrics = visit_values(read_replay(replay, used), surfaces), METRICS
    for name, path in references.items():
        progress(f"reading the {name}", 0, 1)
        other = visit_values(read_replay(path, used), surfaces)
        values = add_reference(values, other, name)
        metrics += since_metrics(name)
    return values, metrics


def _rows(
    groups: Sequence[Grouping],
    metrics: tuple[Metric, ...],
    look: int,
    seed: int,
    progress: Progress,
) -> list[dict[str, Any]]:
    """The slices of all groups, judged together: they share the look's error."""
    rows: list[dict[str, Any]] = []
    for done, group in enumerate(groups):
        progress(f"{group.surface}: {' × '.join(group.attributes)}", done, len(groups))
        rows += measured(group, metrics, draws=DRAWS, seed=seed + done)
    progress("writing the report", len(groups), len(groups))
    return [withheld(row) for row in judged(rows, look_error(look))]


def _since_last(values: pd.DataFrame, previous: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """The visits that no earlier look has counted."""
    last = {
        s["surface"]: datetime.fromisoformat(s["last"])
        for report in previous
        for s in report["surfaces"]
    }
    never = datetime.min.replace(tzinfo=UTC)
    when = zip(values["surface"], values["instant"], strict=True)
    fresh = values[[at > last.get(surface, never) for surface, at in when]]
    if fresh.empty:
        rule = "must be later than those of the previous audits; nothing new to look at"
        raise DataError([Problem("replay", 0, "visits", str(max(last.values())), rule)])
    return fresh


def _surfaces(values: pd.DataFrame) -> list[dict[str, Any]]:
    found = []
    for surface, rows in values.groupby("surface", sort=True):
        users = int(rows["user"].nunique())
        share = float(rows["extra_seconds"].sum() / rows["default_seconds"].sum())
        saved = float(rows["saved_seconds"].mean())
        few = users < LEAST_SHOWN
        one = {
            "surface": str(surface),
            "users": users,
            "visits": len(rows),
            "first": rows["instant"].min().isoformat(),
            "last": rows["instant"].max().isoformat(),
            "seconds": None if few else share,
            "saved_seconds": None if few else saved,
        }
        found.append(one)
    return found


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ml.audit", description=__doc__.split("\n")[0])
    add = parser.add_argument
    add("--replay", type=Path, help="a replay of the version to audit (python -m ml.replay)")
    add("--visits", type=Path, nargs="+", help="the visits it replays, Parquet or CSV")
    add("--people", type=Path, nargs="+", help="user, surface (optional), attributes")
    add("--by", nargs="+", help="attributes; their crossings of two follow by themselves")
    add("--champion", type=Path, help="the serving version's replay of the same visits")
    add("--anchor", type=Path, help="the first approved version's replay of the same visits")
    add("--previous", type=Path, nargs="+", default=[], help="earlier report.json, oldest first")
    add("--power", type=Path, help="what ml.audit_power printed, to be shown in the report")
    add("--out", type=Path, help="folder for report.html and report.json")
    add("--version", default="", help="the name the report gives the version")
    add("--serves", action="store_true", help="the version serves people now: what to do differs")
    add("--simulated", action="store_true", help="the people are simulated: the report says so")
    add("--seed", type=int, default=0, help="of the bootstrap")
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
    # disable=None: a bar on a terminal only.
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
        previous=[json.loads(path.read_text(encoding="utf-8")) for path in options.previous],
        power=json.loads(options.power.read_text(encoding="utf-8")) if options.power else None,
        out=options.out,
        seed=options.seed,
        version=options.version,
        serves=options.serves,
        simulated=options.simulated,
        progress=progress,
    )
    return report, options.out


def _smoke(options: argparse.Namespace, progress: Progress) -> tuple[dict[str, Any], Path]:
    out = options.out or Path(tempfile.mkdtemp(prefix="audit-"))
    out.mkdir(parents=True, exist_ok=True)
    replay = out / "replay.jsonl"
    visits, people = audit_cohort.simulate(
        replay, users=600, visits=6, planted=audit_cohort.upside_down, seed=options.seed
    )
    by = options.by or ["gender", "disability"]
    report = audit(
        replay, visits, people, by, out=out, seed=options.seed, simulated=True, progress=progress
    )
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
