"""`sums.Sums` as JSON, for workers on several machines. It tells of no single person."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import fields

from ml.data.sums import Sums


def sums_dump(sums: Sums) -> str:
    """Returns the counts as rows of (surface, day, perhaps block, count)."""
    rows = {f.name: [[*key, n] for key, n in getattr(sums, f.name).items()] for f in fields(sums)}
    return json.dumps(rows)


def sums_load(text: str | bytes) -> Sums:
    rows = json.loads(text)
    return Sums(**{name: Counter({tuple(k): n for *k, n in rows[name]}) for name in rows})
