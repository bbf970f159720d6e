"""Arrays of many rows, in memory or in .npy files that are mapped.

A mapped file's pages belong to the system's cache, which drops them where memory is short.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from torch import Tensor

_Format = np.lib.format


class Rows:
    """An array that parts are appended to; its file, if any, is whole once `end` was called."""

    def __init__(self, path: Path | None) -> None:
        self._path, self._parts = path, list[np.ndarray]()
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

    def end(self) -> Tensor:
        """Returns all rows, as a mapped tensor where they are in a file. There must be one."""
        if self._file is None or self._path is None:
            return torch.from_numpy(np.concatenate(self._parts))
        self._write_head()
        self.close()
        return mapped(self._path)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _write_head(self) -> None:
        """Says how many rows there are: numpy leaves space for as many as may come."""
        assert self._file is not None
        self._file.seek(0)
        shape = (self._count, *self._head["shape"][1:])
        _Format.write_array_header_1_0(self._file, {**self._head, "shape": shape})


def mapped(path: Path) -> Tensor:
    """Maps a .npy file, not to be written to: other processes may map it, too."""
    return torch.from_numpy(np.load(path, mmap_mode="r+"))


def kept(rows: np.ndarray, path: Path | None) -> Tensor:
    """Returns the rows as a tensor, from the file `path` if one is given."""
    if path is None:
        return torch.from_numpy(rows)
    np.save(path, rows)
    return mapped(path)


def room(shape: tuple[int, ...], kind: type[np.generic], path: Path | None) -> Tensor:
    """Returns room for rows that are written in any order, in the file `path` if one is given."""
    if path is None:
        return torch.from_numpy(np.empty(shape, kind))
    return torch.from_numpy(_Format.open_memmap(path, "w+", np.dtype(kind), shape))
