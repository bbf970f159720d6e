"""How pages name slices, and what they never show of them; `ml.audit.words` says the same."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

LEAST_SHOWN = 10
"""People below which no figure of a slice is shown: reports of older releases still hold some."""


def slice_name(slice_: Mapping[str, str]) -> str:
    return " × ".join(f"{name} {_in_words(str(value))}" for name, value in slice_.items())


def too_few(row: Mapping[str, Any]) -> str:
    """Why the row's figures are not shown; empty where they may be."""
    users, rest = row.get("users", 0), row.get("rest_users", 0)
    told = "too few to show without pointing at a person"
    if users < LEAST_SHOWN:
        return f"{users} {'person' if users == 1 else 'people'}: {told}"
    return f"only {rest} of all others: {told}" if 0 < rest < LEAST_SHOWN else ""


def _in_words(value: str) -> str:
    """'55<=' → '55<= (55 and over)'; any other label as it is."""
    return re.sub(r"^(\d+)\s*<=$", r"\g<0> (\1 and over)", value)
