"""The JSON, YAML and ZIP files of folders and of git directories, with their content."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

ENDINGS = (".json", ".ndjson", ".jsonl", ".yaml", ".yml", ".zip")


def files_of(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Names and contents in order of names; of a git directory, those of its newest commit.

    Raises FileNotFoundError where there is no such folder.
    """
    if folder.is_file():
        yield folder.name, folder.read_bytes()
    elif (folder / "HEAD").is_file() and (folder / "objects").is_dir():
        yield from _committed(folder)
    elif folder.is_dir():
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder)
            if path.suffix in ENDINGS and ".git" not in name.parts and path.is_file():
                yield str(name), path.read_bytes()
    else:
        raise FileNotFoundError(f"{folder}: no folder, file or git directory. Name another.")


def _committed(repository: Path) -> Iterator[tuple[str, bytes]]:
    """Files of the newest commit; those that the copy lacks are left out."""
    git = ["git", "--git-dir", str(repository)]
    listed = subprocess.run(
        [*git, "ls-tree", "-r", "-z", "HEAD"], stdout=subprocess.PIPE, check=True
    ).stdout.decode(errors="replace")
    entries = [entry.partition("\t") for entry in listed.split("\0") if entry]
    wanted = {name: told.split()[2] for told, _, name in entries if name.endswith(ENDINGS)}
    with subprocess.Popen(
        [*git, "cat-file", "--batch"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as reader:
        assert reader.stdin is not None and reader.stdout is not None
        for name, blob in wanted.items():
            reader.stdin.write(blob.encode() + b"\n")
            reader.stdin.flush()
            _, *told = reader.stdout.readline().split()
            if told[:1] == [b"blob"]:
                yield name, reader.stdout.read(int(told[1]) + 1)[:-1]
