"""Lists every metric and every logged event, found in the code itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from webapp.observability import gauges
from webapp.telemetry import metrics
from webapp.telemetry.logs import EVENT

ROOT = Path(__file__).parents[1]
LEVELS = ("debug", "info", "warning", "error", "exception")


@dataclass(frozen=True, order=True)
class Logged:
    """A log call. name: empty where the message starts without one. where: module and line."""

    name: str
    level: str
    where: str


def logged() -> list[Logged]:
    """Finds every call of a module's `log`, sorted by name."""
    return sorted(found for path in ROOT.rglob("*.py") for found in _calls(path))


def as_markdown() -> str:
    lines = ["# Metrics", "", "| metric | kind | labels | what it says |", "|---|---|---|---|"]
    for metric in metrics.ALL:
        # The client keeps a counter's name without the suffix _total that it exports.
        name = f"{metric._name}_total" if metric._type == "counter" else metric._name
        labels = ", ".join(metric._labelnames)
        lines.append(f"| `{name}` | {metric._type} | {labels} | {metric._documentation} |")
    for family in gauges.Asked().describe():
        lines.append(f"| `{family.name}` | {family.type} |  | {family.documentation} |")
    lines += ["", "# Log events", "", "| event | level | where |", "|---|---|---|"]
    lines += [f"| `{found.name}` | {found.level} | `{found.where}` |" for found in logged()]
    return "\n".join(lines) + "\n"


def _calls(path: Path) -> Iterator[Logged]:
    module = ".".join(["webapp", *path.relative_to(ROOT).with_suffix("").parts])
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        of = node.func.value
        if isinstance(of, ast.Name) and of.id == "log" and node.func.attr in LEVELS:
            first = node.args[0] if node.args else None
            text = first.value if isinstance(first, ast.Constant) else ""
            name = EVENT.match(str(text))
            level = "error" if node.func.attr == "exception" else node.func.attr
            yield Logged(name[0] if name else "", level, f"{module}:{node.lineno}")
