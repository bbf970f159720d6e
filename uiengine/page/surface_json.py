"""Parses a surface from JSON; every error names the field, the value and the next step."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from uiengine.behaviour.days import UTC_NAME, zones
from uiengine.errors import SurfaceError
from uiengine.page.surface import (
    EMPHASIS,
    Block,
    Breakpoint,
    Cell,
    GuardrailSettings,
    Size,
    SizeLimits,
    Surface,
)

MODES = ("live", "dry_run", "off")
MAX_BLOCKS = 200
MAX_BREAKPOINTS = 12
MAX_CHARACTERS = 1_000_000
"""Characters of all texts and keys, and values, of a definition: the largest page has a third."""
MAX_COLUMNS = 120
MAX_ROWS = 1000
MOST_EXPLORATION = 0.2
MAX_DEPTH = 20
MAX_NUMBER = 2**53
"""Larger JSON numbers are not exact in every language."""
UNUSABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
"""Control characters and lone surrogates, which databases and browsers refuse."""
IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,99}")


def parse(data: Any) -> Surface:
    """Parses a surface from its JSON object. Raises SurfaceError on the first mistake.

    Sizes may be given per breakpoint or, as a short form, for all of them under "*"; limits wider
    than a narrow grid are clipped to its columns. Missing `sizes` mean full width and one row.
    """
    _mapping("surface", data)
    refuse_unusable(data)
    breakpoints = tuple(
        _breakpoint(f"breakpoints[{i}]", item)
        for i, item in enumerate(_listed("breakpoints", data, 1, MAX_BREAKPOINTS))
    )
    _unique("breakpoints", [b.name for b in breakpoints])
    blocks = _listed("blocks", data, 1, MAX_BLOCKS)
    parsed = tuple(_block(f"blocks[{i}]", item, breakpoints) for i, item in enumerate(blocks))
    _unique("blocks", [b.id for b in parsed])
    groups = tuple(_text("groups", g) for g in _listed("groups", data, 0, MAX_BLOCKS))
    _unique("groups", groups)
    for i, block in enumerate(parsed):
        if block.group and block.group not in groups:
            raise SurfaceError(
                f"blocks[{i}].group", block.group, "is not in `groups`", f"Use one of {groups}."
            )
    return Surface(
        slug=_identifier("slug", data.get("slug")),
        revision=_integer("revision", data.get("revision", 1), 1, 2**31),
        row_height=_integer("row_height", data.get("row_height", 120), 1, 2000),
        breakpoints=breakpoints,
        blocks=parsed,
        groups=groups,
        guardrails=_guardrails(data.get("guardrails", {})),
        mode=_choice("mode", data.get("mode", "live"), MODES),
        zone=_zone("zone", data.get("zone", UTC_NAME)),
    )


def refuse_unusable(data: Any) -> None:
    """Raises SurfaceError for valid JSON that some database or page cannot hold.

    Refused are control characters, lone surrogates, numbers beyond 2^53, nesting beyond MAX_DEPTH
    and more than MAX_CHARACTERS in all.
    """
    waiting, count = [("", data, 0)], 0
    while waiting:
        path, value, depth = waiting.pop()
        count += 1 + (len(value) if isinstance(value, str) else 0)
        if count > MAX_CHARACTERS:
            problem, step = "is too large", f"{MAX_CHARACTERS:,} characters in all, at most."
            raise SurfaceError("surface", f"more at {path[:100]}", problem, step)
        if depth > MAX_DEPTH:
            name = path[:100] or "surface"
            raise SurfaceError(name, "…", "is nested too deeply", f"{MAX_DEPTH} levels at most.")
        if isinstance(value, str) and UNUSABLE.search(value):
            raise SurfaceError(
                path or "surface",
                ascii(value[:100]),
                "holds a control character or half of a character",
                "Take it out.",
            )
        if isinstance(value, int | float) and not -MAX_NUMBER <= value <= MAX_NUMBER:
            raise SurfaceError(
                path or "surface", "…", "is too large a number", "Give one within ±2^53."
            )
        if isinstance(value, Mapping):
            waiting += [(f"{path}.key", str(name), depth + 1) for name in value]
            waiting += [
                (f"{path}.{name}".lstrip("."), part, depth + 1) for name, part in value.items()
            ]
        elif isinstance(value, list | tuple):
            waiting += [(f"{path}[{i}]", part, depth + 1) for i, part in enumerate(value)]


def _guardrails(data: Any) -> GuardrailSettings:
    _mapping("guardrails", data)
    known = {
        *("move_budget", "min_target_px", "exploration", "stretch", "emphasis"),
        *("put_away", "sizes"),
    }
    for name in data:
        if name not in known:
            raise SurfaceError(
                f"guardrails.{name}", data[name], "is unknown", f"Use {sorted(known)}."
            )
    default = GuardrailSettings()
    return GuardrailSettings(
        move_budget=_integer(
            "guardrails.move_budget", data.get("move_budget", default.move_budget), 0, MAX_BLOCKS
        ),
        min_target_px=_integer(
            "guardrails.min_target_px", data.get("min_target_px", default.min_target_px), 24, 500
        ),
        exploration=_share("guardrails.exploration", data.get("exploration", 0.0)),
        stretch=_boolean("guardrails.stretch", data.get("stretch", False)),
        emphasis=_choice("guardrails.emphasis", data.get("emphasis", "none"), EMPHASIS),
        put_away=_boolean("guardrails.put_away", data.get("put_away", False)),
        sizes=_boolean("guardrails.sizes", data.get("sizes", False)),
    )


def _breakpoint(path: str, data: Any) -> Breakpoint:
    _mapping(path, data)
    return Breakpoint(
        name=_identifier(f"{path}.name", data.get("name")),
        min_width=_integer(f"{path}.min_width", data.get("min_width"), 0, 10_000),
        columns=_integer(f"{path}.columns", data.get("columns"), 1, MAX_COLUMNS),
        viewport_height=_integer(
            f"{path}.viewport_height", data.get("viewport_height", 800), 100, 10_000
        ),
    )


def _block(path: str, data: Any, breakpoints: Sequence[Breakpoint]) -> Block:
    _mapping(path, data)
    block_id = _identifier(f"{path}.id", data.get("id"))
    sizes = data.get("sizes") or {}
    _mapping(f"{path}.sizes", sizes)
    _known_breakpoints(f"{path}.sizes", sizes, [*(b.name for b in breakpoints), "*"])
    pinned = data.get("pinned") or {}
    _mapping(f"{path}.pinned", pinned)
    if pinned:
        _known_breakpoints(f"{path}.pinned", pinned, [b.name for b in breakpoints])
        _all_breakpoints(f"{path}.pinned", pinned, breakpoints)
    return Block(
        id=block_id,
        kind=_text(f"{path}.kind", data.get("kind", block_id)),
        title=_text(f"{path}.title", data.get("title", block_id)),
        required=_boolean(f"{path}.required", data.get("required", False)),
        group=_text(f"{path}.group", data.get("group", ""), empty=True),
        navigation=_boolean(f"{path}.navigation", data.get("navigation", False)),
        help=_boolean(f"{path}.help", data.get("help", False)),
        pinned={name: _cell(f"{path}.pinned.{name}", cell) for name, cell in pinned.items()},
        sizes={b.name: _limits(f"{path}.sizes", sizes, b) for b in breakpoints},
    )


def _limits(path: str, sizes: Mapping[str, Any], at: Breakpoint) -> SizeLimits:
    name = at.name if at.name in sizes else "*"
    data = sizes.get(name)
    if data is None:
        full = Size(at.columns, 1)
        return SizeLimits(default=full, min=Size(1, 1))
    path = f"{path}.{name}"
    _mapping(path, data)
    default = _size(f"{path}.default", data.get("default"))
    low = _size(f"{path}.min", data.get("min") or [1, 1])
    high = _size(f"{path}.max", data["max"]) if data.get("max") else None
    if name == "*":
        default, low = _clip(default, at), _clip(low, at)
        high = _clip(high, at) if high else None
    limits = SizeLimits(default=default, min=low, max=high)
    if default.w > at.columns:
        raise SurfaceError(
            f"{path}.default",
            [default.w, default.h],
            f"is wider than {at.columns} columns",
            "Make it narrower or give the breakpoint more columns.",
        )
    if not limits.allows(default.w, default.h):
        raise SurfaceError(
            f"{path}.default",
            [default.w, default.h],
            "is outside min..max",
            "Keep min ≤ default ≤ max in both directions.",
        )
    return limits


def _clip(size: Size, at: Breakpoint) -> Size:
    return Size(min(size.w, at.columns), size.h)


def _size(path: str, data: Any) -> Size:
    pair = _sequence(path, data)
    if len(pair) != 2:
        raise SurfaceError(path, data, "is not [width, height]", "Write for example [6, 2].")
    return Size(
        _integer(f"{path}[0]", pair[0], 1, MAX_COLUMNS),
        _integer(f"{path}[1]", pair[1], 1, MAX_ROWS),
    )


def _cell(path: str, data: Any) -> Cell:
    pair = _sequence(path, data)
    if len(pair) != 2:
        raise SurfaceError(path, data, "is not [x, y]", "Write for example [0, 0].")
    return Cell(
        _integer(f"{path}[0]", pair[0], 0, MAX_COLUMNS - 1),
        _integer(f"{path}[1]", pair[1], 0, MAX_ROWS),
    )


def _known_breakpoints(path: str, data: Mapping[str, Any], names: list[str]) -> None:
    for name in data:
        if name not in names:
            raise SurfaceError(f"{path}.{name}", name, "is no breakpoint", f"Use one of {names}.")


def _all_breakpoints(path: str, data: Mapping[str, Any], breakpoints: Sequence[Breakpoint]) -> None:
    for at in breakpoints:
        if at.name not in data:
            raise SurfaceError(
                path,
                dict(data),
                f"has no cell for breakpoint {at.name!r}",
                "A pinned block needs a cell at every breakpoint.",
            )


def _mapping(path: str, value: Any) -> None:
    _typed(path, value, lambda v: isinstance(v, Mapping), "is not an object")


def _sequence(path: str, value: Any) -> Sequence[Any]:
    _typed(path, value, lambda v: isinstance(v, list | tuple), "is not a list")
    return value  # type: ignore[no-any-return]


def _listed(name: str, data: Mapping[str, Any], low: int, high: int) -> Sequence[Any]:
    """The list of this name, of `low` to `high` items; a missing one is empty where low is 0."""
    items = _sequence(name, data.get(name, None if low else []))
    if not low <= len(items) <= high:
        problem, step = f"a surface has {low} to {high} {name}", "Split the page."
        raise SurfaceError(name, len(items), problem, step if items else "Declare at least one.")
    return items


def _typed(path: str, value: Any, is_right: Callable[[Any], bool], problem: str) -> None:
    if not is_right(value):
        raise SurfaceError(path, value, problem, "See fixtures/surfaces for the shape.")


def _integer(path: str, value: Any, low: int, high: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise SurfaceError(
            path, value, "is not in range", f"Give a whole number from {low} to {high}."
        )
    return value


def _share(path: str, value: Any) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 <= value <= MOST_EXPLORATION:
        raise SurfaceError(
            path, value, "is not in range", f"Give a number from 0 to {MOST_EXPLORATION}."
        )
    return float(value)


def _boolean(path: str, value: Any) -> bool:
    _typed(path, value, lambda v: isinstance(v, bool), "is not true or false")
    return bool(value)


def _text(path: str, value: Any, *, empty: bool = False) -> str:
    if not isinstance(value, str) or len(value) > 200 or not (value.strip() or empty):
        raise SurfaceError(path, value, "is no text", "Give 1 to 200 characters.")
    return value


def _identifier(path: str, value: Any) -> str:
    if not isinstance(value, str) or not IDENTIFIER.fullmatch(value):
        raise SurfaceError(
            path,
            value,
            "is no identifier",
            "Use letters, digits and _ . : - (at most 100, first a letter or digit).",
        )
    return value


def _choice(path: str, value: Any, allowed: Sequence[str]) -> str:
    if value not in allowed:
        raise SurfaceError(path, value, "is unknown", f"Use one of {list(allowed)}.")
    return str(value)


def _zone(path: str, value: Any) -> str:
    if value == UTC_NAME:
        return UTC_NAME
    if isinstance(value, str) and value in zones():
        return value
    near = get_close_matches(str(value), sorted(zones()), n=3, cutoff=0.5)
    step = "Use an IANA name, such as Europe/Berlin or UTC."
    raise SurfaceError(
        path,
        value,
        "is no time zone that this machine knows",
        f"Did you mean {' or '.join(near)}? {step}" if near else step,
    )


def _unique(path: str, names: Sequence[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise SurfaceError(path, name, "occurs twice", "Give each its own id.")
        seen.add(name)
