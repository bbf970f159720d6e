"""Arrays of many rows, in memory or in .npy files that are mapped.

A mapped file's pages belong to the system's cache, which drops them where memory is short.
"""

from __future__ import annotations

import mmap
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, BinaryIO

import numpy as np
import torch
from torch import Tensor

RELEASED_AFTER = 65_536
"""Rows that are read until mapped pages are given back, so that they do not add up."""

_Format = np.lib.format


class Rows:
    """An array that parts are appended to; its file, if any, is whole once `end` was called."""

    def __init__(self, path: Path | None) -> None:
        self._parts = list[np.ndarray]()
        self._file: BinaryIO | None = path.open("wb") if path is not None else None
        self._head: dict[str, Any] = {}
        self._count = 0

    def append(self, part: np.ndarray) -> None:
        """Adds rows, of the shape and the type of those before."""
        self._count += len(part)
        if self._file is None:
            self._parts.append(part)
            return
        part = np.ascontiguousarray(part)
        if not self._head:
            self._head = _Format.header_data_from_array_1_0(part)
            self._write_head()
        self._file.write(part.data)

    def end(self) -> np.ndarray | None:
        """Returns all rows; None where they are in the file. There must be one."""
        if self._file is None:
            return np.concatenate(self._parts)
        self._write_head()
        self.close()
        return None

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _write_head(self) -> None:
        """Says how many rows there are: numpy leaves space for as many as may come."""
        assert self._file is not None
        self._file.seek(0)
        shape = (self._count, *self._head["shape"][1:])
        _Format.write_array_header_1_0(self._file, {**self._head, "shape": shape})


class Store:
    """Arrays by name: in memory or, with a folder, in its files, which are not to be written to
    once they are mapped."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder
        self._maps = list[mmap.mmap]()
        self._read = 0

    def rows(self, name: str) -> Rows:
        return Rows(self._path(name))

    def ended(self, name: str, rows: Rows) -> Tensor:
        """Returns what was appended to `rows` of this name."""
        found = rows.end()
        return torch.from_numpy(found) if found is not None else self.opened(name)

    def kept(self, name: str, rows: np.ndarray) -> Tensor:
        """Keeps an array that is made already."""
        path = self._path(name)
        if path is None:
            return torch.from_numpy(rows)
        np.save(path, rows)
        return self.opened(name)

    def opened(self, name: str) -> Tensor:
        """Maps a file, which other processes may map, too."""
        assert self.folder is not None
        return self._mapped(np.load(self.folder / f"{name}.npy", mmap_mode="r+"))

    def room(self, name: str, shape: tuple[int, ...], kind: type[np.generic]) -> Tensor:
        """Returns room for rows that come in any order."""
        path = self._path(name)
        if path is None:
            return torch.from_numpy(np.empty(shape, kind))
        return self._mapped(_Format.open_memmap(path, "w+", np.dtype(kind), shape))

    def scratch(self, count: int, width: int) -> Tensor:
        """Returns room for numbers of this process alone, in a file without a name."""
        if self.folder is None:
            return torch.empty(count, width)
        with TemporaryFile(dir=self.folder) as file:
            return torch.from_numpy(np.memmap(file, np.float32, "w+", shape=(count, width)))

    def took(self, rows: int) -> None:
        """Gives mapped pages back once so many rows were read; who reads them again gets them from
        the system's cache, or from the disk."""
        self._read += rows
        if self._read >= RELEASED_AFTER:
            self._read = 0
            for found in self._maps:
                found.madvise(mmap.MADV_DONTNEED)

    def _mapped(self, rows: np.memmap) -> Tensor:
        assert isinstance(rows.base, mmap.mmap)
        self._maps.append(rows.base)
        return torch.from_numpy(rows)

    def _path(self, name: str) -> Path | None:
        return None if self.folder is None else self.folder / f"{name}.npy"
