"""Shared parts of the commands: help texts on file formats, argument types, progress bars."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import pandas as pd
from tqdm import tqdm

from ml.progress import Progress

VISITS = """\
visits (.csv or .parquet), a row per block that was used in a visit, its columns:
  surface  the page            user  whose visit        at    ISO date or time, UTC
  block    used in it          uses  how often, a whole number from 1"""

LAYOUTS = """\
layouts (.jsonl or .jsonl.gz), a line per layout that somebody made, in grid cells:
  {"id": "a", "columns": 12, "items": [{"kind": "stat", "x": 0, "y": 0, "w": 3, "h": 2}, ...]}"""

EDITS = """\
edits (.jsonl or .jsonl.gz), a line per rearrangement; columns and repo may be left out:
  {"repo": "r", "columns": 12, "before": [{"id": "a", "type": "stat", "x": 0, "y": 0, "w": 3,
   "h": 2}, ...], "after": [...]}"""

EPISODES = """\
episodes (.jsonl or .jsonl.gz), a line per task that somebody did, in pixels and milliseconds;
the ids of clicks are those of the layout, box is that of the element, x, y, w, h:
  {"task": "t", "session": "s", "success": true,
   "layout": [{"id": 1, "tag": "A", "x": 0, "y": 9, "w": 9, "h": 9}, ...],
   "clicks": [{"ms": 900, "x": 4, "y": 9, "id": 1, "box": [0, 9, 9, 9]}, ...]}"""

REPLAY = """\
replay (.jsonl), a line per visit, as ml.replay writes it, with at least:
  {"user": "7", "surface": "home", "at": "2024-01-01", "visit": 0, "tokens": [17],
   "default": ["news", "mail"], "layout": [{"id": "mail", "x": 0, "y": 0, "w": 1, "h": 1}, ...]}"""


def command(name: str, description: str | None, *files: str) -> argparse.ArgumentParser:
    """Returns a parser of `python -m NAME` whose help ends with the given file formats."""
    return argparse.ArgumentParser(
        prog=f"python -m {name}",
        description=description,
        epilog="\n\n".join(files),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def existing_version(text: str) -> Path:
    """Argument type of a version folder; only loading it shows whether it is complete."""
    path = Path(text)
    if not (path / "manifest.json").is_file():
        says = f"{text!r} is no version folder: it must be there and hold manifest.json"
        raise argparse.ArgumentTypeError(says)
    return path


def new_folder(text: str) -> Path:
    """Argument type of a folder to make: a file in its way is refused before any work."""
    path = Path(text)
    for part in (path, *path.parents):
        if part.exists() and not part.is_dir():
            says = f"{text!r} cannot be a folder: {part} is a file. Name another"
            raise argparse.ArgumentTypeError(says)
    there = next(part for part in (path, *path.absolute().parents) if part.exists())
    try:
        tempfile.TemporaryFile(dir=there).close()  # permissions do not show everything
    except OSError as error:
        says = f"{text!r} cannot be written: {there} takes no file ({error.strerror}). Name another"
        raise argparse.ArgumentTypeError(says) from None
    return path


def new_file(text: str) -> Path:
    """Argument type of a file to write: a folder in its place is refused before any work."""
    path = Path(text)
    if path.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is a folder: name a file in it")
    new_folder(str(path.parent))
    return path


def whole_number(least: int) -> Callable[[str], int]:
    """Returns an argument type of whole numbers from `least` on."""

    def read(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"{text!r} is no whole number from {least} on")
        return int(text)

    return read


def refuse_overwriting(
    parser: argparse.ArgumentParser, out: Path | None, inputs: Iterable[Path | str | None]
) -> None:
    """Ends the command where --out is one of the files that it reads, which it would replace."""
    for name in inputs:
        if out is not None and name is not None and Path(name).resolve() == out.resolve():
            parser.error(f"argument --out: {str(out)!r} is a file that is read. Name another")


@contextmanager
def whole_file(path: Path) -> Iterator[TextIO]:
    """Yields a file that gets its name only once it is whole; else `path` stays as it was.

    A part of a replay could not be told from a shorter one. A device or a pipe is written to as it
    is.
    """
    if path.exists() and not path.is_file():
        with path.open("w", encoding="utf-8") as file:
            yield file
        return
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("w", encoding="utf-8") as file:
            yield file
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def progress_bar(name: str) -> tuple[tqdm, Progress]:
    """Returns a progress bar and its callback; the bar shows only on a terminal."""
    bar = tqdm(total=100, desc=name, disable=_is_unseen(), file=sys.stderr)

    def show(share: float, text: str) -> None:
        bar.update(int(100 * share) - bar.n)
        bar.set_postfix_str(text, refresh=False)

    return bar, show


def _is_unseen() -> bool:
    if not sys.stderr.isatty():
        return True
    if "torch" not in sys.modules:  # only trainings are of several processes, and torch is slow
        return False
    from ml.learning import distributed

    return not distributed.is_first()


def smoke_sample(visits: pd.DataFrame, subjects: int = 40) -> pd.DataFrame:
    """Returns the rows of the first `subjects` subjects of each surface."""
    users = visits[["surface", "user"]].drop_duplicates()
    few = users.groupby("surface").head(subjects)
    return visits.merge(few, on=["surface", "user"])
