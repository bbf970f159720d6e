"""Collects every environment variable that is read, and prints them as a table.

Readers in `env` declare the variables when they read them; `manage.py configuration` prints them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Variable:
    """An environment variable; default, allowed and help are texts for the table."""

    name: str
    default: str
    allowed: str
    help: str


DECLARED: dict[str, Variable] = {}
"""Variables by name, in the form of their first declaration."""


def declare(name: str, default: object, allowed: str, help: str) -> None:
    """Lists a variable once; reads without a help text repeat a listed variable or serve a test."""
    if help:
        DECLARED.setdefault(name, Variable(name, _words(default), allowed, help))


def variables_table() -> str:
    shown = sorted(DECLARED.values(), key=lambda variable: variable.name)
    rows = ["| variable | default | allowed | what it sets |", "|---|---|---|---|"]
    rows += [f"| `{v.name}` | {v.default} | {v.allowed} | {v.help} |" for v in shown]
    return "\n".join(rows) + "\n"


def settings_table(defaults: Mapping[str, Any], sources: Mapping[str, str]) -> str:
    """Renders a host project's settings.

    sources: names of the variables that document the settings, where the names differ.
    """
    rows = ["| setting | default | means what this variable says |", "|---|---|---|"]
    for name, default in defaults.items():
        rows.append(f"| `{name}` | `{default!r}` | `{sources.get(name, name)}` |")
    return "\n".join(rows) + "\n"


def _words(default: object) -> str:
    if isinstance(default, bool):
        return "yes" if default else "no"
    if isinstance(default, list | tuple):
        return " ".join(map(str, default))
    return str(default)
