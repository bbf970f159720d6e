"""Names slices and withholds small ones, as `ml.audit.words` does, without importing ml."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

LEAST_SHOWN = 10
"""Minimum of people to show a slice's figures; reports of older releases hold smaller slices."""


def slice_name(slice_: Mapping[str, str]) -> str:
    return " × ".join(f"{name} {_in_words(str(value))}" for name, value in slice_.items())


def too_few(row: Mapping[str, Any]) -> str:
    """Says why the row's figures are withheld; empty where they may be shown."""
    users, rest = row.get("users", 0), row.get("rest_users", 0)
    told = "too few to show without pointing at a person"
    if users < LEAST_SHOWN:
        return f"{users} {'person' if users == 1 else 'people'}: {told}"
    return f"only {rest} of all others: {told}" if 0 < rest < LEAST_SHOWN else ""


def _in_words(value: str) -> str:
    """Explains open ranges: '55<=' → '55<= (55 and over)'; other labels stay as they are."""
    return re.sub(r"^(\d+)\s*<=$", r"\g<0> (\1 and over)", value)
