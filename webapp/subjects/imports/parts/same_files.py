"""A digest by which a command finds what an earlier one on the same files left."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any


def files_digest(paths: Iterable[str], options: Sequence[Any]) -> str:
    """SHA-256 of the content of files and folders, and of options as they are written out.

    A path that is no file, such as a package's name, counts by its name.
    """
    digest = hashlib.sha256(repr(tuple(options)).encode("utf-8", "surrogatepass"))
    for path in paths:
        for file in _inside(Path(path)):
            digest.update(f"\n{file.name}\n".encode("utf-8", "surrogateescape"))
            if file.is_file():
                with file.open("rb") as content:
                    digest.update(hashlib.file_digest(content, "sha256").digest())
    return digest.hexdigest()


def _inside(path: Path) -> Iterator[Path]:
    yield from sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
