"""The form beside a surface's JSON: its fields, their words, and their bounds from the schema."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django import forms
from django.forms.widgets import Script
from django.template.loader import render_to_string
from django.utils.functional import Promise
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from uiengine.page import surface_json

SCHEMA = json.loads(Path(surface_json.__file__).with_name("surface.schema.json").read_text())
ELSEWHERE = (
    *("slug", "title", "revision", "mode", "control_percent"),
    *("groups", "guardrails", "breakpoints", "blocks"),
)
"""Properties of a surface that are lists in the form, or fields of the admin's own."""
CONTROLS = {"integer": "number", "number": "number", "boolean": "checkbox", "string": "text"}
OWN_CONTROLS = {"group": "group", "pinned": "pinned", "sizes": "sizes"}
"""Of a block; a guardrail of such a name has the control of its type."""


@dataclass(frozen=True)
class Field:
    """A property of the schema. control: what shows it; low, high, default: as in the schema."""

    name: str
    label: str | Promise
    help: str | Promise
    control: str
    step: str = ""
    low: int | float | None = None
    high: int | float | None = None
    longest: int | None = None
    default: Any = None
    choices: tuple[tuple[str, str | Promise], ...] = ()


WORDS: Mapping[str, Mapping[str, tuple[str | Promise, str | Promise]]] = {
    "page": {
        "row_height": (_("Row height"), _("Height of a grid row in px.")),
        "zone": (_("Time zone"), _("In which days are cut, such as Europe/Berlin.")),
    },
    "guardrails": {
        "move_budget": (_("Move budget"), _("Blocks that may move from one visit to the next.")),
        "min_target_px": (
            _("Least target"),
            _("Least width and height of a block in px, so that it can be touched."),
        ),
        "exploration": (
            _("Exploration"),
            _("Share of visits that get a layout drawn by chance instead of the best one."),
        ),
        "stretch": (
            _("Fill gaps"),
            _("Blocks widen over free columns beside them, up to their largest width."),
        ),
        "emphasis": (
            _("Pointing"),
            _("How the page points to the block expected next; nothing moves by it."),
        ),
        "sizes": (
            _("Sizes change"),
            _("Blocks may take their least or largest size, and people may resize them."),
        ),
        "put_away": (
            _("Put away"),
            _("People may fold blocks and put them away; never a required or pinned one."),
        ),
    },
    "breakpoint": {
        "name": (_("Name"), ""),
        "min_width": (_("From width (px)"), ""),
        "columns": (_("Columns"), ""),
        "viewport_height": (_("Visible height (px)"), ""),
    },
    "block": {
        "id": (_("Id"), _("A new id is a new block: what people did with the old one is lost.")),
        "title": (_("Title"), _("What people read. Without one, the id.")),
        "kind": (_("Kind"), _("What the block is: versions learn from it. Without one, the id.")),
        "group": (_("Group"), _("Blocks of a group stay together.")),
        "required": (_("Required"), _("Every layout must contain the block.")),
        "navigation": (
            _("Navigation"),
            _("It leads to other pages. Such blocks keep their order on all pages of the site."),
        ),
        "help": (
            _("Help"),
            _("It offers help or a contact. Such blocks keep their order on all pages, too."),
        ),
        "pinned": (_("Pinned"), _("The block stays in these cells; both numbers begin at 0.")),
        "sizes": (
            _("Sizes"),
            _(
                "Columns × rows. A breakpoint's own sizes replace those of all; without any, the "
                "block has full width and one row."
            ),
        ),
    },
}
"""Labels and help texts by part of the schema and property."""

CHOICES: Mapping[tuple[str, str], tuple[tuple[str, str | Promise], ...]] = {
    ("guardrails", "emphasis"): (
        ("none", _("not at all")),
        ("appear", _("it appears before the others")),
        ("mark", _("by a mark")),
    ),
}
"""What the values are called that a property may have, where the schema lists them."""


def fields(part: str) -> list[Field]:
    """The fields of a part of the schema, in the order that the form shows them."""
    known = SCHEMA if part == "page" else SCHEMA["$defs"][part]
    return [
        _field(part, name, words, known["properties"][name]) for name, words in WORDS[part].items()
    ]


def _field(part: str, name: str, words: tuple[Any, Any], known: Mapping[str, Any]) -> Field:
    choices = CHOICES.get((part, name), ())
    own = OWN_CONTROLS.get(name) if part == "block" else "choice" if choices else None
    control = own or CONTROLS[known["type"]]
    return Field(
        name,
        *words,
        control=control,
        step={"integer": "1", "number": "any"}.get(str(known["type"]), ""),
        low=known.get("minimum"),
        high=known.get("maximum"),
        longest=known.get("maxLength"),
        default=known.get("default") if control in ("number", "text", "choice") else None,
        choices=choices,
    )


class DefinitionEditor(forms.Textarea):
    """The JSON of a surface, and the form that a script shows beside it."""

    class Media:
        js = (Script("uiengine_surfaces/editor.js", type="module"),)

    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None
    ) -> SafeString:
        context = {part: fields(part) for part in WORDS}
        form = render_to_string("uiengine_surfaces/editor.html", context)
        return mark_safe(super().render(name, value, attrs, renderer) + form)
