"""The JSON of a surface as a field of a form: shown line by line, read with reasons."""

from __future__ import annotations

import json
import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.fields import InvalidJSONInput

from webapp.surfaces.checks import UnreadableDefinition, definition_read

WRITTEN = (
    *("slug", "name", "id", "kind", "title", "group", "navigation", "help", "required", "pinned"),
    *("row_height", "zone"),
    *("min_width", "columns", "viewport_height", "groups", "guardrails", "breakpoints"),
    *("blocks", "sizes", "default", "min", "max"),
)
"""Keys of a definition, in the order used in fixtures/surfaces."""


class DefinitionField(forms.JSONField):
    """Shows a line per breakpoint and size, like the files in fixtures/surfaces."""

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, InvalidJSONInput | str):
            return value
        return readable(value)

    def bound_data(self, data: Any, initial: Any) -> Any:
        """Shows unreadable text as it was typed."""
        try:
            definition_read(data or "null")
        except UnreadableDefinition:
            return InvalidJSONInput(data)
        return super().bound_data(data, initial)

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str) and value.strip():
            try:
                definition_read(value)
            except UnreadableDefinition as error:
                raise ValidationError(str(error), code="invalid") from error
        return super().to_python(value)


def readable(value: Any) -> str:
    """Indented JSON that keeps innermost objects and pairs on one line."""
    text = json.dumps(_ordered(value, _rank(value)), indent=2, ensure_ascii=False)
    text = re.sub(r"\[\n\s*([^\[\]{}]*?)\n\s*\]", lambda m: f"[{_line(m[1])}]", text)
    return re.sub(r"\{\n\s*([^{}]{1,120}?)\n\s*\}", lambda m: f"{{{_line(m[1])}}}", text)


def _rank(definition: Any) -> dict[str, int]:
    """The usual order of keys, by key; PostgreSQL does not keep the order of JSON keys."""
    listed = definition.get("breakpoints") if isinstance(definition, dict) else None
    rows = listed if isinstance(listed, list) else []
    names = [str(row.get("name")) for row in rows if isinstance(row, dict)]
    return {word: i for i, word in enumerate([*WRITTEN, *names])}


def _ordered(value: Any, rank: dict[str, int]) -> Any:
    if isinstance(value, list):
        return [_ordered(part, rank) for part in value]
    if not isinstance(value, dict):
        return value
    return {key: _ordered(value[key], rank) for key in sorted(value, key=lambda k: rank.get(k, -1))}


def _line(text: str) -> str:
    return re.sub(r"\s*\n\s*", " ", text)
