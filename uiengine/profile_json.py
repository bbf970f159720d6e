"""Profiles to JSON and back, for a database row or a cache."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any

from .profile import BlockUse, Feedback, OpenVisit, Pin, Profile, Undone


def dump(profile: Profile) -> dict[str, Any]:
    """A JSON object; `load` gives an equal profile back."""
    data = asdict(profile)
    if profile.open is not None:
        data["open"]["blocks"] = sorted(profile.open.blocks)
    return data


def load(data: dict[str, Any]) -> Profile:
    """The profile of a JSON object made by `dump`; fields it lacks take their defaults."""
    known = {f.name for f in fields(Profile)}
    values = {name: value for name, value in data.items() if name in known}
    values["blocks"] = {b: _block_use(c) for b, c in data.get("blocks", {}).items()}
    values["feedback"] = _feedback(data.get("feedback", {}))
    for name in ("order", "before", "day_visits"):
        if name in data:
            values[name] = tuple(data[name])
    if visit := data.get("open"):
        values["open"] = OpenVisit(visit["id"], visit["day"], set(visit["blocks"]))
    return Profile(**values)


def _block_use(data: dict[str, Any]) -> BlockUse:
    tuples = {name: tuple(data[name]) for name in ("day_uses", "visit_shares")}
    return BlockUse(**{**data, **tuples})


def _feedback(data: dict[str, Any]) -> Feedback:
    values = dict(data)
    values["pins"] = {b: Pin(**pin) for b, pin in data.get("pins", {}).items()}
    values["undone"] = tuple(Undone(**u) for u in data.get("undone", ()))
    values["override"] = tuple(data.get("override", ()))
    return Feedback(**values)
