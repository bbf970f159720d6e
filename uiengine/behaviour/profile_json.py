"""Converts profiles to JSON and back, for database rows and caches."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any

from uiengine.behaviour.profile import (
    BlockUse,
    Feedback,
    OpenVisit,
    Pin,
    Profile,
    Step,
    Suggested,
    Undone,
)

FIELDS = frozenset(f.name for f in fields(Profile))


def dump(profile: Profile) -> dict[str, Any]:
    """Returns a JSON object, from which `load` restores an equal profile."""
    data = asdict(profile)
    if profile.open is not None:
        data["open"]["blocks"] = sorted(profile.open.blocks)
    for part in (data["feedback"], *data["feedback"]["steps"]):
        part["tray"] = list(part["tray"].items())  # PostgreSQL's objects keep no order
    return data


def load(data: dict[str, Any]) -> Profile:
    """Restores a profile from the JSON object of `dump`; missing fields get their defaults."""
    values = {name: value for name, value in data.items() if name in FIELDS}
    values["blocks"] = {b: _block_use(c) for b, c in data.get("blocks", {}).items()}
    values["feedback"] = _feedback(data.get("feedback", {}))
    for name in ("order", "before", "day_visits"):
        if name in data:
            values[name] = tuple(data[name])
    if visit := data.get("open"):
        values["open"] = OpenVisit(visit["id"], visit["day"], set(visit["blocks"]))
    return Profile(**values)


def _block_use(data: dict[str, Any]) -> BlockUse:
    use = BlockUse(**data)
    use.day_uses, use.visit_shares = tuple(use.day_uses), tuple(use.visit_shares)
    return use


def _feedback(data: dict[str, Any]) -> Feedback:
    values = dict(data)
    values["pins"] = _pins(data.get("pins", {}))
    values["undone"] = _undone(data.get("undone", []))
    values["steps"] = tuple(_step(step) for step in data.get("steps", ()))
    for name in ("override", "folded", "declined", "unexpected"):
        values[name] = tuple(data.get(name, ()))
    values["suggested"] = {b: Suggested(**made) for b, made in data.get("suggested", {}).items()}
    values["tray"] = dict(data.get("tray", ()))
    values["own_sizes"] = _own_sizes(data.get("own_sizes", {}))
    return Feedback(**values)


def _step(data: dict[str, Any]) -> Step:
    return Step(
        shown=tuple(data["shown"]),
        order=tuple(data["order"]),
        familiarity=dict(data["familiarity"]),
        pins=_pins(data["pins"]),
        undone=_undone(data["undone"]),
        folded=tuple(data.get("folded", ())),
        tray=dict(data.get("tray", ())),
        sizes=data.get("sizes", {}),
        shown_sizes=data.get("shown_sizes", {}),
        own_sizes=_own_sizes(data.get("own_sizes", {})),
        kept_sizes=data.get("kept_sizes", {}),
    )


def _own_sizes(data: dict[str, Any]) -> dict[str, dict[str, tuple[int, int]]]:
    return {b: {name: (w, h) for name, (w, h) in own.items()} for b, own in data.items()}


def _pins(data: dict[str, Any]) -> dict[str, Pin]:
    return {block_id: Pin(**pin) for block_id, pin in data.items()}


def _undone(data: list[dict[str, Any]]) -> tuple[Undone, ...]:
    return tuple(Undone(**undone) for undone in data)
