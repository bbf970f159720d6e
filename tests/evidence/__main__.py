"""`make evidence`: runs the full-size measurements, and stores figures with command and commit.

DATA names the folder with the real data (default ../shared/data); where it is missing, measurements
that need it are skipped with a message. Output goes to var/evidence/<commit>.jsonl.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.evidence.splits import split_by_user

DATA = Path(os.environ.get("DATA", "../shared/data"))
OUT = Path("var/evidence")


def commands() -> Iterator[str]:
    """Yields shell commands in the order of execution; each prints JSON lines."""
    yield "python -m tests.bench"
    yield "python -m tests.evidence.malformed --inputs 100000"
    yield "python -m tests.evidence.schema --examples 1000"
    yield "python -m tests.load --stack embedded"
    yield "python -m tests.load --stack production"
    yield "python -m tests.load.chaos"
    yield "python -m tests.evidence.guardrails"
    yield "python -m tests.evidence.lives"
    yield "python -m ml.ope.coverage"
    yield "python -m tests.evidence.versions"
    yield "python -m tests.evidence.planted"
    yield "python -m tests.evidence.audit_sums"
    yield "python -m tests.evidence.shared_replay"
    yield "python -m tests.evidence.shared_audit --people 100000"
    yield "python -m tests.evidence.killed_pipeline"
    yield "python -m tests.evidence.killed_part"
    yield "python -m tests.evidence.two_hosts"
    yield "python -m tests.evidence.refresh"
    yield "python -m tests.evidence.version_change"
    yield "python -m tests.evidence.imported_events --events 10000000"
    yield "python -m tests.evidence.goal_trials"
    yield "python -m ml.experiments.declared"
    visits = DATA / "oulad/visits_daily_2013.parquet"
    if not visits.exists():
        yield "python -m ml.audit.power"  # on simulated people
        print(f"left out: everything on real visits ({visits} is not there; set DATA)")
        return
    yield f"python -m tests.evidence.days_ahead {visits}"
    train, test = split_by_user(visits, OUT)
    people = DATA / "oulad/people.csv"
    version = OUT / "version"
    saved = f"--save {version}"
    for policy in ("engine", "eager", "tokens", "frecency", "mfu", "static", "random"):
        replay = OUT / f"{policy}.jsonl"
        # The first replay trains and saves a version; the others load it.
        source = saved if policy == "engine" else f"--version {version}"
        yield (
            f"python -m ml.replay --train {train} --test {test} --out {replay} "
            f"--policy {policy} {source}"
        )
        yield f"python -m ml.judge --visits {test} --replay {replay}"
    for bits in (8, 16, 32):
        replay = OUT / f"tokens{bits}.jsonl"
        yield (
            f"python -m ml.replay --train {train} --test {test} --out {replay} "
            f"--policy tokens --bits {bits} --version {version}"
        )
        yield f"python -m ml.judge --visits {test} --replay {replay}"
    yield f"python -m tests.evidence.frontier --version {version} --visits {test}"
    engine = f"--replay {OUT}/engine.jsonl --visits {test}"
    yield f"python -m ml.audit.power {engine}"
    yield (
        f"python -m ml.audit {engine} --people {people} --by gender age_band disability imd_band "
        f"--out {OUT}/audit"
    )
    yield from on_layouts()


def on_layouts() -> Iterator[str]:
    """Yields the commands on layouts, rearrangements and clicks."""
    layouts, clicks = DATA / "layouts", DATA / "clicks/miniwob_train.jsonl.gz"
    for name, module, more in (
        ("dashboards", "ml.codec", f"--bits 8 16 32 64 --out {OUT}/codec.jsonl"),
        ("edits", "ml.edits", ""),
    ):
        files = [layouts / f"{name}_{part}.jsonl.gz" for part in ("train", "val")]
        if all(f.exists() for f in files):
            yield f"python -m {module} --train {files[0]} --test {files[1]} {more}".strip()
    if clicks.exists():
        yield f"python -m ml.clicks --data {clicks}"


def main() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    head = ["git", "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(head, capture_output=True, text=True, check=True).stdout.strip()
    failed = 0
    with (OUT / f"{commit}.jsonl").open("w", buffering=1) as log:
        for command in commands():
            print(f"$ {command}", flush=True)
            argv = [sys.executable, *shlex.split(command)[1:]]
            done = subprocess.run(argv, stdout=subprocess.PIPE, text=True)
            failed += done.returncode != 0
            lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
            for line in lines:
                print(line, flush=True)
                log.write(json.dumps({"commit": commit, "command": command, **json.loads(line)}))
                log.write("\n")
    print(json.dumps({"commit": commit, "file": log.name, "failed": failed}))
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
