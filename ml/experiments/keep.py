"""Keeps an experiments run: its lines in ml/EXPERIMENTS.jsonl, its tables in ml/README.md.

python -m ml.experiments.keep --run var/experiments/experiments.jsonl
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from ml.experiments import report

LINES, README = Path("ml/EXPERIMENTS.jsonl"), Path("ml/README.md")
BEGIN, END = "<!-- experiments -->\n", "<!-- end of experiments -->\n"


def with_tables(readme: str, tables: str) -> str:
    before, rest = readme.split(BEGIN)
    return before + BEGIN + tables + END + rest.split(END)[1]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m ml.experiments.keep", description=__doc__)
    parser.add_argument("--run", type=Path, required=True, help="experiments.jsonl of a run")
    options = parser.parse_args(arguments)
    text = options.run.read_text("utf-8")
    lines = [json.loads(line) for line in text.splitlines()]
    LINES.write_text(text, "utf-8")
    tables = report.markdown(lines, report.IN_README)
    README.write_text(with_tables(README.read_text("utf-8"), tables), "utf-8")
    print(json.dumps({"lines": len(lines), "kept": str(LINES)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
