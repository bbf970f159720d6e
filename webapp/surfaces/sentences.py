"""The engine's sentences about a definition, in the language of who reads them.

The engine says them in English. Each is matched with the template that it was made of, whose
translation takes over what stands in the braces; what no template matches stays in English.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from django.utils.translation import get_language, gettext, gettext_noop

from uiengine.errors import SurfaceError

_ = gettext_noop
RULES = (
    _("Blocks that the team pinned stay in their cells."),
    _("Every block keeps within its size limits."),
    _("No free block could move up without touching another."),
    _("Blocks are listed in reading order, which is the same at every breakpoint."),
    _("A move or a new size that the user undid is not proposed again for 28 days."),
    _("No two blocks overlap."),
    _("Every block lies inside the grid."),
    _("Groups keep their order from the top; blocks without a group come last."),
    _("Every required block is present, once."),
    _("Every block is at least a touch target in both directions."),
    _("A block that the user pinned keeps its rank."),
    _("Blocks marked `navigation` keep their order on all surfaces, unless the user moves one."),
    _("Blocks marked `help` keep their order on all surfaces, unless the user moves one."),
    _("At most `move_budget` blocks move or get another size from one visit to the next."),
    _("A block that the user resized keeps its size at that width of the page."),
    _("Frozen and opted-out subjects keep the layout they have."),
)
CLASHES = (
    _("the page at {name} is under {px} px wide."),
    _("{block} may be at most {high} at {name}, but {px} px need {least} cells."),
    _("{block} at x {x}, {wide} wide, leaves the {columns} columns."),
    _(
        "at {name} the pinned cells show {cells}, the list of blocks {listed}. Bring the cells "
        "into that order."
    ),
    _(
        "{block} is pinned at {name} where movable blocks of its mark might pass it. Pin it, and "
        "declare it, before all that may move, or pin all blocks marked {mark}, or take its mark "
        "away."
    ),
    _("{one} and {other} at {name}."),
)
PROBLEMS = (
    _("is not an object"),
    _("is not a list"),
    _("is not in range"),
    _("is not true or false"),
    _("is no text"),
    _("is no identifier"),
    _("is no time zone that this machine knows"),
    _("is unknown"),
    _("occurs twice"),
    _("is that of {other} too, so {name} would never be told from it"),
    _("a surface has {low} to {high} {list}"),
    _("{second} stands before {first} here, after it on {surface}"),
    _("is not in `groups`"),
    _("is no breakpoint"),
    _("has no cell for breakpoint {name}"),
    _("is wider than {columns} columns"),
    _("is outside min..max"),
    _("is not [width, height]"),
    _("is not [x, y]"),
    _("is too large"),
    _("is nested too deeply"),
    _("is too large a number"),
    _("holds a control character or half of a character"),
)
STEPS = (
    _("See fixtures/surfaces for the shape."),
    _("Give a whole number from {low} to {high}."),
    _("Give a number from {low} to {high}."),
    _("Give 1 to 200 characters."),
    _("Use letters, digits and _ . : - (at most 100, first a letter or digit)."),
    _("Did you mean {names}? Use an IANA name, such as Europe/Berlin or UTC."),
    _("Use an IANA name, such as Europe/Berlin or UTC."),
    _(
        "List {first} first here, too. To turn the order round on the whole site, take the mark "
        "{mark} off here, save, reorder {surface}, and mark it here again."
    ),
    _("Use one of {names}."),
    _("Use {names}."),
    _("Give each its own id."),
    _("Give each breakpoint a width of its own, from which it applies."),
    _("Split the page."),
    _("Declare at least one."),
    _("A pinned block needs a cell at every breakpoint."),
    _("Make it narrower or give the breakpoint more columns."),
    _("Keep min ≤ default ≤ max in both directions."),
    _("Write for example [6, 2]."),
    _("Write for example [0, 0]."),
    _("{count} characters in all, at most."),
    _("{count} levels at most."),
    _("Take it out."),
    _("Give one within ±2^53."),
)


def said(sentence: str) -> str:
    """A rule, a clash, a problem or a next step in the reader's language."""
    if (get_language() or "en").startswith("en"):
        return sentence
    for template, pattern in _patterns():
        if found := pattern.fullmatch(sentence):
            return _filled(gettext(template), found.groupdict())
    return sentence


def refusal(error: SurfaceError) -> str:
    """What the error says, as it says it itself in English."""
    return gettext("{field}: {problem} (got {value}). {step}").format(
        field=error.field,
        problem=said(error.problem),
        value=repr(error.value),
        step=said(error.next_step),
    )


def _filled(text: str, values: dict[str, str]) -> str:
    """The text with values for what stands in braces; values may have braces of their own."""
    return re.sub(r"\{(\w+)\}", lambda found: values.get(found[1], found[0]), text)


@cache
def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    return list(_compiled())


def _compiled() -> Iterator[tuple[str, re.Pattern[str]]]:
    for template in (*RULES, *CLASHES, *PROBLEMS, *STEPS):
        parts = re.split(r"\{(\w+)\}", template)
        written = (f"(?P<{p}>.+?)" if i % 2 else re.escape(p) for i, p in enumerate(parts))
        yield template, re.compile("".join(written), re.DOTALL)
