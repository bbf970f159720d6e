"""`sums.Sums` as a file of JSON, for workers on several machines. It tells of no single person."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import fields
from pathlib import Path

from ml.data.sums import Sums


def sums_write(sums: Sums, path: Path) -> None:
    """Writes the counts as rows of (surface, day, perhaps block, count)."""
    rows = {f.name: [[*key, n] for key, n in getattr(sums, f.name).items()] for f in fields(sums)}
    path.write_text(json.dumps(rows), encoding="utf-8")


def sums_read(path: Path) -> Sums:
    rows = json.loads(path.read_text(encoding="utf-8"))
    return Sums(**{name: Counter({tuple(k): n for *k, n in rows[name]}) for name in rows})
