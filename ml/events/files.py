"""Opens the files of an export as one DuckDB view: a row per event, as JSON."""

from __future__ import annotations

import shutil
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from ml.data.disk_base import quoted
from ml.data.errors import BadValue, DataError

JSON = (".json", ".jsonl", ".ndjson")
KNOWN = (*JSON, ".csv", ".tsv", ".txt", ".parquet")
PLAIN_CSV = "skip=0, comment='', quote='\"', escape='\"'"
"""What DuckDB guesses otherwise: it then leaves out rows that begin with # and all above a longer
one, and keeps quotes where the first come after 20,480 lines."""
LARGEST_EVENT = 16 * 1024 * 1024
"""Bytes of one JSON object; a Matomo visit holds all of its actions."""


def found_files(paths: Iterable[str], unpacked: Path) -> list[Path]:
    """Lists the files of paths and folders; members of zip files are unpacked into `unpacked`.

    Raises:
        DataError: a path that does not exist, or a file whose ending is not known.
    """
    files: list[Path] = []
    for name in paths:
        path = Path(name)
        if not path.exists():
            raise DataError([BadValue(path.name, 0, "path", name, "does not exist")])
        inside = sorted(p for p in path.rglob("*") if p.is_file() and not p.name.startswith("."))
        for file in inside if path.is_dir() else [path]:
            files += _unzipped(file, unpacked) if file.suffix == ".zip" else [file]
    bad = [file for file in files if ending(file) not in KNOWN]
    rule = f"must end in {', '.join(KNOWN)}, or such a name with .gz or .zst; or a .zip of them"
    if bad:
        raise DataError([BadValue(file.name, 0, "path", str(file), rule) for file in bad])
    if not files:
        raise DataError([BadValue("-", 0, "path", ", ".join(paths), "no files there")])
    return files


def ending(file: Path) -> str:
    """The ending that names the format, without .gz or .zst: .json, .csv, …"""
    suffixes = [s.lower() for s in file.suffixes]
    while suffixes and suffixes[-1] in (".gz", ".zst"):
        suffixes.pop()
    return suffixes[-1] if suffixes else ""


def _unzipped(file: Path, unpacked: Path) -> list[Path]:
    """Members of an archive, each under a name of its own, whatever folders it had there."""
    made = []
    try:
        with zipfile.ZipFile(file) as archive:
            for member in archive.infolist():
                if member.is_dir() or Path(member.filename).name.startswith("."):
                    continue  # such as ._NAME, which macOS adds beside each file
                target = unpacked / f"{len(list(unpacked.iterdir()))}-{Path(member.filename).name}"
                with archive.open(member) as source, target.open("wb") as out:
                    shutil.copyfileobj(source, out, 1 << 20)
                made.append(target)
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        rule = f"is not a whole zip file ({error}); export the file again"
        raise DataError([BadValue(file.name, 0, "file", str(file), rule)]) from error
    return made


def select_rows(files: Sequence[Path], columns: Sequence[str] = ()) -> str:
    """SQL that selects `row`, a JSON object, of every event of the files.

    columns: names of a TSV without a header line (Snowplow's).
    """
    groups: dict[str, list[str]] = {}
    for file in files:
        groups.setdefault(ending(file), []).append(str(file))
    parts = [_select(kind, names, columns) for kind, names in sorted(groups.items())]
    return " UNION ALL ".join(parts)


def _select(kind: str, names: Sequence[str], columns: Sequence[str]) -> str:
    listed = "[" + ", ".join(quoted(name) for name in names) + "]"
    if kind in JSON:
        return (
            f"SELECT json AS row FROM read_json_objects({listed}, format='auto', "
            f"maximum_object_size={LARGEST_EVENT})"
        )
    if kind == ".parquet":
        return f"SELECT to_json(t) AS row FROM read_parquet({listed}, union_by_name=true) t"
    if columns and kind in (".tsv", ".txt"):
        named = "{" + ", ".join(f"{quoted(c)}: 'VARCHAR'" for c in columns) + "}"
        shape = f"columns={named}, quote='', escape='', null_padding=true, auto_detect=false"
        return (
            f"SELECT to_json(t) AS row FROM read_csv({listed}, delim='\t', header=false, {shape}) t"
        )
    delimiter = r"'\t'" if kind in (".tsv", ".txt") else "','"
    return (
        f"SELECT to_json(t) AS row FROM read_csv({listed}, delim={delimiter}, header=true, "
        f"union_by_name=true, all_varchar=true, {PLAIN_CSV}) t"
    )
