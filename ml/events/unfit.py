"""Refuses files of which no event fits, with the next step by the most frequent reason."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ml.data.errors import BadValue, DataError
from ml.events.reading import Report

IDENTITY = (
    *("identify", "alias", "group", "$identify", "$groupidentify"),
    *("$create_alias", "$merge", "$merge_dangerously"),
)
"""Names of events that say who somebody is, of which files may hold nothing else."""
SHOWN = 3
NO_ROWS = "there is no event in it: export again, with another span of days or other events"
OTHER_TOOL = (
    "{reason} where an export of {form} has it: give the tool that wrote the file as --format"
)
OWN_TABLE = (
    ", or name the columns of a table of yours event, at, user, anonymous and id (the last two may "
    "lack; all others are properties), in CSV with commas between them"
)
NEXT = (
    ("no event name", OTHER_TOOL),
    ("no rule for the event", "give {map} a [[rule]] with one of these names as its `event`"),
    ("no time", OTHER_TOOL),
    ("a time", "the clock or the unit of the times is wrong: look at them in the file"),
    ("no person", "name the fields that hold people's ids under [person] in {map}"),
    ("an id", "name the fields that hold people's ids under [person] in {map}"),
    ("no ", "correct `block` in {map}: these events have no such property"),
    ("", "say in {map}, in `blocks` of the rule, which block each of these values means"),
)
"""What to do, by how the most frequent reason begins."""


def refuse_unfit(report: Report, paths: Sequence[str], form: str, map_name: str) -> None:
    """Raises DataError where nothing was mapped, but for files of identities alone."""
    if report.mapped:
        return
    names = ", ".join(Path(path).name for path in paths[:SHOWN])
    if not report.read:
        raise DataError([BadValue(names, 0, "events", "0", NO_ROWS)])
    if all(_tells_who(reason) for reason in report.reasons):
        return
    first = next(reason for reason in report.reasons if not _tells_who(reason))
    step = next(step for begin, step in NEXT if first.startswith(begin))
    told = [f"{reason}: {number:,}" for reason, number in list(report.reasons.items())[:SHOWN]]
    if step is OTHER_TOOL:
        step = _other_tool(form)
    step = step.format(form=form, map=map_name, reason=first)
    hint = f"none fits ({'; '.join(told)}). Next: {step}"
    raise DataError([BadValue(names, 0, "events", f"{report.read:,}", hint)])


def refuse_nameless(rows: int, named: int, paths: Sequence[str], form: str) -> None:
    """Raises DataError for files without a row, or without one that has an event's name."""
    names = ", ".join(Path(path).name for path in paths[:SHOWN])
    if not rows:
        raise DataError([BadValue(names, 0, "events", "0", NO_ROWS)])
    if not named:
        rule = _other_tool(form).format(reason="no event name", form=form)
        raise DataError([BadValue(names, 0, "events", f"{rows:,}", rule)])


def _other_tool(form: str) -> str:
    return OTHER_TOOL + OWN_TABLE if form == "plain" else OTHER_TOOL


def _tells_who(reason: str) -> bool:
    name = reason.removeprefix("no rule for the event ")
    return name != reason and name in IDENTITY
