"""The digest of visits depends on the rows, not on their order or file."""

from __future__ import annotations

import hashlib

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from ml.data.digest import visits_digest

ROWS = [
    ("home", "ada", "2026-01-01T08:00:00+00:00", "news", 2),
    ("home", "bob", "2026-01-01T09:00:00+00:00", "mail", 1),
    ("home", "ada", "2026-01-02T08:00:00+00:00", "mail", 1),
]


def frame(rows) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["surface", "user", "at", "block", "uses"])


def test_is_the_sha256_of_sorted_lines():
    lines = "".join(f"{s},{u},{at},{b},{n}\n" for s, u, at, b, n in sorted(ROWS))
    assert visits_digest(frame(ROWS)) == hashlib.sha256(lines.encode()).hexdigest()


@given(st.permutations(ROWS))
def test_any_order_gives_one_digest(rows):
    assert visits_digest(frame(rows)) == visits_digest(frame(ROWS))


def test_a_changed_count_gives_another():
    changed = [(*ROWS[0][:4], 3), *ROWS[1:]]
    assert visits_digest(frame(changed)) != visits_digest(frame(ROWS))
