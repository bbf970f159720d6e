"""Shows how far the parts of a run are, and who works on which."""

from __future__ import annotations

from django.utils.html import format_html
from django.utils.safestring import SafeString

from webapp.codebooks.admin.wide_table import wide_table
from webapp.codebooks.models import Part, Run
from webapp.codebooks.pipeline.parts.progress import progress

STATES = (Part.State.FAILED, Part.State.RUNNING, Part.State.QUEUED, Part.State.DONE)
"""What a reader looks for first."""
MOST_LISTED = 40


def parts_words(run: Run) -> str:
    """How many parts of which work are done, where the others are, how long still."""
    works = sorted(set(run.parts.values_list("work", flat=True)))
    said = ((work, progress(run.parts.filter(work=work))[1]) for work in works)
    return " · ".join(f"{work}: {words}" for work, words in said)


def parts_table(run: Run) -> SafeString:
    """Lists the parts that failed, are worked on and wait, then those that are done."""
    parts = sorted(run.parts.defer("given", "result"), key=_place)
    if not parts:
        return SafeString("–")
    more = f"… and {len(parts) - MOST_LISTED} more" if len(parts) > MOST_LISTED else ""
    heads = ("part", "shards", "state", "host", "done", "attempts", "error")
    table = wide_table("Parts", heads, map(_cells, parts[:MOST_LISTED]))
    return format_html("<p>{}</p>{}<p>{}</p>", parts_words(run), table, more)


def _place(part: Part) -> tuple[int, str, int]:
    return STATES.index(Part.State(part.state)), part.work, part.number


def _cells(part: Part) -> tuple[str, ...]:
    return (
        f"{part.work} {part.number + 1}",
        f"{part.first_shard} to {part.end_shard - 1}",
        part.state,
        part.host or "–",
        f"{part.progress:.0%}",
        str(part.attempts),
        part.error,
    )
