"""Says which line of which file cannot be read, and what to do about it.

DuckDB counts lines from two and passes over empty ones, so the line is looked for anew.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from ml.data.errors import BadValue, DataError
from ml.events.files import JSON, LARGEST_EVENT, ending

LARGEST_ARRAY = 64 * 1024 * 1024
"""Bytes, unpacked, of an array in which the line is looked for."""
SHOWN = 60
AGAIN = "export the file again"


def unreadable(error: Exception, files: Sequence[Path], form: str) -> DataError:
    """The error that names file, line and next step. error: DuckDB's."""
    said = str(error).split("\n")[0]
    named = [file for file in files if str(file) in said] or list(files)
    for file in named:
        if bad := _bad_line(file) if _is_json(file) else _bad_letters(file):
            return DataError([bad])
    names = ", ".join(file.name for file in named[:3])
    line = re.search(r"\bLine: (\d+)", str(error))
    hint = f"cannot be read as an export of {form} ({said}); {AGAIN}, or give another --format"
    return DataError([BadValue(names, int(line[1]) if line else 0, "file", names, hint)])


def refuse_cut_arrays(files: Sequence[Path]) -> None:
    """Raises DataError for JSON arrays without an end: DuckDB takes what is there of them."""
    cut = [file for file in files if _is_json(file) and _is_cut(file)]
    rule = f"an array's end is missing, so the file is not whole; {AGAIN}"
    if cut:
        raise DataError([BadValue(file.name, 0, "file", str(file), rule) for file in cut])


def _is_json(file: Path) -> bool:
    """Also in gzip; Python reads Zstandard from 3.14 on."""
    return ending(file) in JSON and file.suffix != ".zst"


def _opened(file: Path) -> IO[bytes]:
    return gzip.open(file) if file.suffix == ".gz" else file.open("rb")  # type: ignore[return-value]


def _is_cut(file: Path) -> bool:
    try:
        with _opened(file) as content:
            last = content.read(1024).strip()
            if not last.startswith(b"["):
                return False
            while part := content.read(1 << 20):
                last = part.strip() or last
            return not last.endswith(b"]")
    except (OSError, EOFError):
        return False  # of which DuckDB says so


def _bad_line(file: Path) -> BadValue | None:
    """The first line that is no JSON; None where that cannot be told."""
    try:
        with _opened(file) as content:
            first = next((line for line in content if line.strip()), b"").lstrip()
            content.seek(0)
            if first.startswith(b"[") or first.rstrip() == b"{":
                return _bad_in_whole(file.name, content.read(LARGEST_ARRAY + 1))
            return _bad_of_lines(file.name, content)
    except (OSError, EOFError) as error:
        return BadValue(file.name, 0, "file", str(file), f"cannot be unpacked ({error}); {AGAIN}")


def _bad_letters(file: Path) -> BadValue | None:
    """The first line of a table that is not in UTF-8, as spreadsheets save CSV by default."""
    if ending(file) == ".parquet" or file.suffix == ".zst":
        return None
    try:
        with _opened(file) as content:
            lines: Iterator[bytes] = iter(lambda: content.readline(LARGEST_EVENT + 1), b"")
            for number, line in enumerate(lines, 1):
                if line.decode(errors="replace").encode() != line:
                    shown = line.decode(errors="replace").replace("\0", "").strip()[:SHOWN]
                    hint = f"is not in UTF-8; save the file as CSV in UTF-8, or {AGAIN}"
                    return BadValue(file.name, 0, f"line {number}", shown, hint)
    except (OSError, EOFError):
        pass  # of which DuckDB says so
    return None


def _bad_of_lines(name: str, content: IO[bytes]) -> BadValue | None:
    lines: Iterator[bytes] = iter(lambda: content.readline(LARGEST_EVENT + 1), b"")
    for number, line in enumerate(lines, 1):
        try:
            if line.strip():
                json.loads(line)
        except ValueError as error:
            return _bad(name, number, line, error)
    return None


def _bad_in_whole(name: str, text: bytes) -> BadValue | None:
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        if len(text) <= LARGEST_ARRAY:
            return _bad(name, error.lineno, text.splitlines()[error.lineno - 1], error)
    except UnicodeDecodeError as error:
        number = text.count(b"\n", 0, error.start) + 1
        return _bad(name, number, text.splitlines()[number - 1], error)
    return None


def _bad(name: str, number: int, line: bytes, error: ValueError) -> BadValue:
    shown = line.decode(errors="replace").strip()[:SHOWN]
    why = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
    hint = f"is no JSON ({why}); repair or remove it, or {AGAIN}"
    return BadValue(name, 0, f"line {number}", shown, hint)
