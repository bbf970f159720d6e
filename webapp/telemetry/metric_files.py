"""Keeps the folder of metrics small: counts of processes that have ended go into one file a type.

Prometheus's client writes two files for every process and never deletes them, so each replaced
worker would leave its own behind, and every scrape would read them all.
"""

from __future__ import annotations

import fcntl
import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from prometheus_client.mmap_dict import MmapedDict

ENDED = "ended"
"""Stands in the name of a file where others have the number of their process."""


def fold_ended(folder: Path) -> int:
    """Adds up the files of ended processes and deletes them; returns how many those were."""
    with _locked(folder, fcntl.LOCK_EX):
        found: dict[str, list[Path]] = defaultdict(list)
        for path in folder.glob("*.db"):
            kind, _, process = path.stem.rpartition("_")
            if process.isdecimal() and not _is_alive(int(process)):
                found[kind].append(path)
        for kind, paths in found.items():
            _fold(folder / f"{kind}_{ENDED}.db", paths)
        return sum(map(len, found.values()))


@contextmanager
def reading(folder: Path) -> Iterator[None]:
    """Holds the folder as it is while its files are read."""
    with _locked(folder, fcntl.LOCK_SH):
        yield


def _fold(into: Path, paths: Sequence[Path]) -> None:
    total: dict[str, float] = defaultdict(float)
    for path in [*([into] if into.exists() else []), *paths]:
        for key, value, *_ in MmapedDict.read_all_values_from_file(str(path)):  # type: ignore[no-untyped-call]
            total[key] += value
    fresh = into.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    kept = MmapedDict(str(fresh))  # type: ignore[no-untyped-call]
    for key, value in total.items():
        kept.write_value(key, value, 0.0)  # type: ignore[no-untyped-call]
    kept.close()  # type: ignore[no-untyped-call]
    for path in paths:
        path.unlink(missing_ok=True)
    fresh.replace(into)


@contextmanager
def _locked(folder: Path, kind: int) -> Iterator[None]:
    with (folder / "lock").open("w") as file:
        fcntl.flock(file, kind)
        yield


def _is_alive(process: int) -> bool:
    with suppress(ProcessLookupError):
        with suppress(PermissionError):
            os.kill(process, 0)
        return True
    return False
