"""The fields of a surface's JSON as rows of a page, read from its JSON Schema."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from uiengine.page import surface_json
from webapp.host import FIXTURES

FILE = Path(surface_json.__file__).with_name("surface.schema.json")
PARTS = {
    "": "The page",
    "guardrails": "guardrails",
    "breakpoint": "breakpoints: each",
    "block": "blocks: each",
    "limits": "blocks: sizes, by breakpoint or * for all",
}
"""Definitions of the schema that are objects with fields, and the headings of their tables."""
IDENTIFIER = "letters, digits and _ . : -, at most 100, first a letter or digit"


@dataclass(frozen=True)
class Field:
    """One row. default: JSON, or empty where there is none."""

    name: str
    meaning: str
    is_required: bool
    default: str
    bounds: str
    example: str


@cache
def schema() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


def tables() -> list[tuple[str, list[Field]]]:
    """Returns a heading and the rows of each part of the format."""
    whole = schema()
    parts = {"": whole, **whole["$defs"]}
    return [(heading, list(_fields(parts[name]))) for name, heading in PARTS.items()]


def known_kinds() -> list[str]:
    """Returns the kinds that the shipped version was trained on; none where it is not there."""
    manifest = FIXTURES / "innate" / "manifest.json"
    if not manifest.is_file():
        return []
    kinds: list[str] = json.loads(manifest.read_text(encoding="utf-8"))["kinds"]
    return sorted(kinds)


def _fields(part: Mapping[str, Any]) -> Iterator[Field]:
    required = part.get("required", ())
    for name, written in part["properties"].items():
        field = {**_definition(written), **written}
        yield Field(
            name=name,
            meaning=field["description"],
            is_required=name in required,
            default=_json(field["default"]) if "default" in field else "",
            bounds=bounds(field),
            example=_json(field["examples"][0]),
        )


def _definition(field: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns what a field refers to, by itself or as one of its forms."""
    first = field.get("oneOf", [field])[0]
    name = first.get("$ref", "").rsplit("/", 1)[-1]
    found: Mapping[str, Any] = schema()["$defs"].get(name, {})
    return found


def bounds(field: Mapping[str, Any]) -> str:
    """Says in words what a value may be."""
    if "enum" in field:
        return "one of " + ", ".join(map(str, field["enum"]))
    if "prefixItems" in field:
        return " and ".join(bounds(item) for item in field["prefixItems"])
    kind = field.get("type", "")
    if kind in ("integer", "number"):
        whole = "a whole number" if kind == "integer" else "a number"
        return f"{whole} from {field['minimum']:,} to {field['maximum']:,}"
    if kind == "array":
        return f"a list of {field.get('minItems', 0)} to {field['maxItems']}"
    if kind == "boolean":
        return "true or false"
    if kind == "string" and "A-Za-z0-9" in field.get("pattern", "") and "maxLength" in field:
        return IDENTIFIER
    if kind == "string" and "maxLength" in field:
        return f"{field.get('minLength', 0)} to {field['maxLength']} characters"
    return "an object" if kind == "object" else "text"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
