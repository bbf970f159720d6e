"""Checks a surface's definition; typing and saving use one check."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

from django.utils.translation import gettext as _

from uiengine import guardrails
from uiengine.errors import SurfaceError
from uiengine.page import feasibility, surface_json
from uiengine.page.layout import pack
from uiengine.page.reading_order import default_order
from uiengine.page.surface import Surface
from webapp.surfaces import models
from webapp.surfaces.sentences import refusal, said
from webapp.surfaces.site_order import site_contradictions

SHAPE = "definition"
"""Used as `rule` if the definition cannot be read, so that no guardrail is involved."""
MOST_MISTAKES = 10


class UnreadableDefinition(ValueError):
    """The text is not JSON, or the JSON cannot be stored."""


@dataclass(frozen=True)
class Problem:
    """rule: names of the guardrails that clash, or SHAPE; block: the id concerned, or empty;
    field: the place in the definition, such as `blocks[3].sizes.lg`, or empty."""

    rule: str
    block: str
    says: str
    field: str = ""

    def __str__(self) -> str:
        is_named = not self.block or repr(self.block) in self.says
        where = "" if is_named else _("block {block}: ").format(block=repr(self.block))
        return f"{where}{self.says}" if self.rule == SHAPE else f"{self.rule}: {where}{self.says}"


@dataclass(frozen=True)
class Checked:
    """surface: None if it cannot be read or no layout can satisfy its rules."""

    surface: Surface | None
    problems: tuple[Problem, ...] = ()


def text_check(text: str, *, slug: str, mode: str, pk: int | None = None) -> Checked:
    """Checks a definition as typed; unreadable JSON is reported with line and column. pk: of its
    row, if it has one."""
    try:
        definition = definition_read(text)
    except UnreadableDefinition as error:
        return Checked(None, (Problem(SHAPE, "", str(error)),))
    return definition_check(definition, slug=slug, mode=mode, pk=pk)


def definition_read(text: str) -> Any:
    """Parses the JSON. Raises UnreadableDefinition, also for values that no database or page can
    hold."""
    try:
        definition = json.loads(text)
        surface_json.refuse_unusable(definition)
    except json.JSONDecodeError as error:
        says = _("line {line}, column {column}: {problem}. Write valid JSON.").format(
            line=error.lineno, column=error.colno, problem=error.msg
        )
        raise UnreadableDefinition(says) from error
    except SurfaceError as error:
        raise UnreadableDefinition(refusal(error)) from error
    except RecursionError as error:
        raise UnreadableDefinition(_("It is nested too deeply.")) from error
    except ValueError as error:  # Python reads no numbers of thousands of digits
        raise UnreadableDefinition(_("It holds a number with too many digits.")) from error
    return definition


def definition_check(definition: Any, *, slug: str, mode: str, pk: int | None = None) -> Checked:
    """Checks the shape, then whether the rules are feasible together, then the default layout and
    the order on other surfaces."""
    if not isinstance(definition, dict):
        says = _("is not an object. Start with { and end with }.")
        return Checked(None, (Problem(SHAPE, "", says),))
    try:
        row = {"slug": slug, "mode": mode, "revision": 1}
        surface = surface_json.parse({**definition, **row})
        feasibility.refuse_equal_widths(surface)
    except SurfaceError as error:
        mistakes = chain([error], _mistakes_after(error, {**definition, **row}))
        found = islice(mistakes, MOST_MISTAKES)
        named = [Problem(SHAPE, _block_at(definition, e.field), refusal(e), e.field) for e in found]
        return Checked(None, tuple(named))
    ids = [block.id for block in surface.blocks]
    problems = [_clash(sentence, ids) for sentence in feasibility.clashes(surface)]
    problems = problems or _broken_by_default(surface) or _contradictions(surface, pk)
    return Checked(None if problems else surface, tuple(problems))


def _clash(sentence: str, ids: Sequence[str]) -> Problem:
    rule, says = sentence.split(": ", 1)
    named = [b for b in ids if f"'{b}'" in says]
    block = named[0] if named else ""
    return Problem(rule, block, said(says), _field_of(ids, block))


def _field_of(ids: Sequence[str], block: str) -> str:
    return f"blocks[{ids.index(block)}]" if block in ids else ""


def _broken_by_default(surface: Surface) -> list[Problem]:
    """Rules that the default layout breaks; a page always needs a layout to fall back to."""
    case = guardrails.Case(surface, pack(surface, default_order(surface)))
    ids = [block.id for block in surface.blocks]
    broken = [(v, v.where.rsplit(": ", 1)[-1]) for v in guardrails.check(case)]
    return [Problem(v.rule, block, _unkept(v), _field_of(ids, block)) for v, block in broken]


def _unkept(broken: guardrails.Violation) -> str:
    where = _("Not kept at {place}.").format(place=broken.where)
    return f"{said(broken.sentence)} {where}"


def _contradictions(surface: Surface, pk: int | None) -> list[Problem]:
    ids, others = list(surface.index), models.Surface.others(slug=surface.slug, pk=pk)
    return [
        Problem(c.rule, c.second, f"{said(c.says)}. {said(c.next_step)}", _field_of(ids, c.second))
        for c in site_contradictions(surface, others)[:MOST_MISTAKES]
    ]


def _mistakes_after(first: SurfaceError, definition: dict[str, Any]) -> Iterator[SurfaceError]:
    """If one block has a mistake, yields the first mistake of each later block, parsed alone."""
    found = re.match(r"blocks\[(\d+)\]", first.field)
    blocks = definition["blocks"] if found else []
    for i in range(int(found[1]) + 1 if found else 0, len(blocks)):
        try:
            surface_json.parse({**definition, "blocks": [blocks[i]]})
        except SurfaceError as error:
            if error.field.startswith("blocks[0]"):
                field = error.field.replace("blocks[0]", f"blocks[{i}]", 1)
                yield SurfaceError(field, error.value, error.problem, error.next_step)


def _block_at(definition: dict[str, Any], field: str) -> str:
    """The id of the block that a field such as `blocks[3].sizes` belongs to."""
    found = re.match(r"blocks\[(\d+)\]", field)
    blocks = definition.get("blocks")
    if found is None or not isinstance(blocks, list):
        return ""
    block = blocks[int(found[1])]
    return str(block.get("id", "")) if isinstance(block, dict) else ""
