"""The rules of a map as SQL: what an event means, or why it is left out."""

from __future__ import annotations

from collections.abc import Sequence

from ml.data.disk_base import quoted
from ml.data.formats import MOST_USER
from ml.events.event_map import EventMap, Rule

EARLIEST_MS = 946_684_800_000
"""2000-01-01; a clock that shows less was never set."""


def mapped_sql(events: EventMap) -> str:
    """Columns `rule` (its number from 1, else 0) and `value` (what names the block)."""
    rules = list(enumerate(events.rules, 1))
    if not rules:
        return "0 AS rule, NULL AS value"
    fits = " ".join(f"WHEN {_fits(rule)} THEN {number}" for number, rule in rules)
    values = " ".join(f"WHEN rule = {number} THEN {_value(rule)}" for number, rule in rules)
    return f"CASE {fits} ELSE 0 END AS rule, CASE {values} END AS value"


def _fits(rule: Rule) -> str:
    told = [_is_one_of(value_at(keys), values) for keys, values in rule.where.items()]
    others = [
        f"NOT coalesce({_is_one_of(value_at(keys), values)}, false)"
        for keys, values in rule.where_not.items()
    ]
    return " AND ".join([_is_one_of("name", rule.events), *told, *others])


def _is_one_of(value: str, texts: Sequence[str]) -> str:
    """NULL where there is no value."""
    return f"{value} IN ({', '.join(map(quoted, texts))})"


def _value(rule: Rule) -> str:
    return quoted(rule.block_id) if rule.block_id else value_at(rule.block)


def value_at(keys: Sequence[str]) -> str:
    """SQL of the text at a path, within the event or its properties; texts of JSON are opened."""
    inside = _found_in("properties", keys[1:] if keys[0] == "properties" else keys)
    return f"coalesce({', '.join([*inside, *_found_in('row', keys)])})"


def row_value_at(keys: Sequence[str]) -> str:
    """SQL of the text at a path within the event."""
    return f"coalesce({', '.join(_found_in('row', keys))})"


def _found_in(start: str, keys: Sequence[str]) -> list[str]:
    """A path descends, or is the name of a column, as in tables made of nested objects."""
    flat = [_descend(start, [".".join(keys)])] if len(keys) > 1 else []
    return [_descend(start, keys), *flat] if keys else []


def _descend(start: str, keys: Sequence[str]) -> str:
    here = start
    for key in keys[:-1]:
        here = f"opened({here}->{quoted(pointer([key]))})"
    return f"({here}->>{quoted(pointer(keys[-1:]))})"


def pointer(keys: Sequence[str]) -> str:
    """A JSON pointer (RFC 6901)."""
    return "".join("/" + key.replace("~", "~0").replace("/", "~1") for key in keys)


def reason_sql(events: EventMap, until: int) -> str:
    """Selects staged events with raw, surface, kind, block and `reason`, NULL for those kept."""
    rules = list(enumerate(events.rules, 1))
    meaning = ", ".join(
        f"({number}, {quoted(rule.kind)}, {quoted(rule.surface)}, {quoted('.'.join(rule.block))})"
        for number, rule in rules
    )
    renames = [
        f"({number}, {quoted(value)}, {quoted(block)})"
        for number, rule in rules
        for value, block in rule.blocks.items()
    ]
    called = ", ".join(renames or ["(0, '', '')"])
    return f"""
      WITH meaning(rule, kind, surface, path) AS (VALUES {meaning}),
           called(rule, value, block) AS (VALUES {called}),
           told AS (SELECT s.name, s.ms, s.key, s.rule, coalesce(s.known, s.device) AS raw, s.value,
                      coalesce(c.block, s.value) AS block
                    FROM staged s LEFT JOIN called c ON s.rule = c.rule AND s.value = c.value)
      SELECT t.raw, m.surface, t.key, t.ms, t.name, m.kind, t.block, CASE
        WHEN t.name IS NULL THEN 'no event name'
        WHEN t.rule = 0 THEN concat('no rule for the event ', left(t.name, 80))
        WHEN t.ms IS NULL THEN 'no time that can be read'
        WHEN t.ms > {until} THEN 'a time in the future'
        WHEN t.ms < {EARLIEST_MS} THEN 'a time before the year 2000'
        WHEN t.raw IS NULL THEN 'no person: both ids are empty'
        WHEN length(t.raw) > {MOST_USER} THEN 'an id of more than {MOST_USER} letters'
        WHEN regexp_matches(t.raw, '[\\x00-\\x1f\\x7f]') THEN 'an id with control characters'
        WHEN t.block IS NULL THEN concat('no ', m.path, ' in the event ', left(t.name, 80))
        WHEN k.block IS NULL THEN concat(left(t.block, 80), ' is no block of ', m.surface)
      END AS reason
      FROM told t LEFT JOIN meaning m ON t.rule = m.rule
      LEFT JOIN known_blocks k ON k.surface = m.surface AND k.block = t.block"""
