"""Stages a tool's files: a row for each of their events, with what the map says it may mean."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import duckdb

from ml.data.disk_base import quoted
from ml.events.base import Base
from ml.events.event_map import EventMap
from ml.events.files import found_files, select_rows
from ml.events.formats import FORMATS, Format
from ml.events.mapping import mapped_sql, row_value_at, value_at
from ml.events.parquet_times import is_about_times, without_impossible_times
from ml.events.unreadable import refuse_cut_arrays, unreadable


def stage(base: Base, paths: Iterable[str], form: str, events: EventMap, *, leave: str) -> None:
    """Makes the table `staged` of the files' events.

    leave: columns that nothing needs afterwards. Raises DataError: an unreadable file, with its
    name and line.
    """
    files = found_files(paths, base.unpacked)
    refuse_cut_arrays(files)
    base.execute(f"SET TimeZone={quoted(events.zone)}")
    try:
        _stage_files(base, files, form, events, leave)
    except duckdb.Error as error:
        raise unreadable(error, files, form) from error


def _stage_files(base: Base, files: list[Path], form: str, events: EventMap, leave: str) -> None:
    """Leaves out times that DuckDB cannot hold, where a file has any: it would refuse the file."""
    try:
        base.execute(_staged_sql(FORMATS[form], files, events, leave))
    except duckdb.ConversionException as error:
        if not is_about_times(error):
            raise
        files = without_impossible_times(files, base.unpacked)
        base.execute(_staged_sql(FORMATS[form], files, events, leave))


def _staged_sql(shape: Format, files: Sequence[Path], events: EventMap, leave: str) -> str:
    rows = shape.rows.replace("{rows}", select_rows(files, shape.columns))
    return (
        f"CREATE TABLE staged AS SELECT * EXCLUDE ({leave}), {mapped_sql(events)} FROM ("
        f"SELECT row, {shape.properties} AS properties, "
        f"{shape.name} AS name, {shape.at} AS ms, {shape.key} AS key, "
        f"named({_person(events.user, shape.user)}) AS known, "
        f"named({_person(events.anonymous, shape.anonymous)}) AS device, "
        f"{shape.aliases} AS aliases FROM ({rows}))"
    )


def _person(keys: Sequence[str], own: str) -> str:
    """SQL of the id at a map's path, or of the tool's own field."""
    if not keys:
        return own
    return value_at(keys) if keys[0] == "properties" else row_value_at(keys)
