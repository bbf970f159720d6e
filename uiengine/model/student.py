"""A page's student: a small network that reads people nearly as the version does.

It is learned from the version's own readings (`ml.books.students`). What depends on the page and
day is worked out once for the book (`of_day`); what is left, a `Net`, is small enough to be
published and run in a browser. Shapes: N blocks, H hidden units, G of the day, X features of a
person.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from uiengine.features import POPULARITY

Floats = npt.NDArray[np.float64]

FILE = "students.json"
"""Name in the version folder."""
PERSON = 8
"""Features of a person per block (`uiengine.book.device.person`)."""
DAY = 2 * POPULARITY + 1
"""What a day says of a block: its popularity, the mean over blocks, and evidence."""
DECIMALS = 3
"""Of all numbers of a net as published; Python computes with these as browsers do."""


class Net(NamedTuple):
    """What a browser computes: logits of the next visit and of later ones, from features x.

    layers: weights, (H, X), (H, H) and (2, H), with max(0, ·) between them; added: what each block
    adds in each layer, (N, H), (N, H) and (N, 2).
    """

    layers: tuple[Floats, Floats, Floats]
    added: tuple[Floats, Floats, Floats]

    def published(self) -> Net:
        """The same with DECIMALS."""
        (a, b, c), (d, e, f) = (tuple(map(_rounded, part)) for part in self)
        return Net((a, b, c), (d, e, f))

    def logits(self, x: Floats) -> Floats:
        """x: (N, X). Returns (N, 2)."""
        first, second, out = zip(self.layers, self.added, strict=True)
        hidden = np.maximum(x @ first[0].T + first[1], 0.0)
        hidden = np.maximum(hidden @ second[0].T + second[1], 0.0)
        found: Floats = hidden @ out[0].T + out[1]
        return found


def _rounded(values: Floats) -> Floats:
    found: Floats = np.round(values, DECIMALS) + 0.0  # no -0.0
    return found


@dataclass(frozen=True)
class Student:
    """blocks: ids of those learned from; own: per block, what it adds to the day's hidden units,
    (N, G); day: their weights of popularity, its mean over blocks, and evidence, (G, 33); added: of
    `Net.added`, all in one, (2H + 2, G); first, second, out: `Net.layers`."""

    blocks: tuple[str, ...]
    own: Floats
    day: Floats
    added: Floats
    first: Floats
    second: Floats
    out: Floats

    def of_day(self, blocks: Sequence[str], popularity: Floats, evidence: float) -> Net:
        """The net of a page on a day, as published.

        A block that was not learned from is read as the mean of those that were. popularity: see
        `features.encode_popularity`, (N, 16); evidence: log(1 + `features.evidence`).
        """
        known = dict(zip(self.blocks, self.own, strict=True))
        mean = self.own.mean(axis=0)
        own = np.array([known.get(block, mean) for block in blocks])
        shared = np.append(popularity.mean(axis=0), evidence)
        seen = np.concatenate([popularity, np.tile(shared, (len(own), 1))], axis=1)
        added = np.maximum(seen @ self.day.T + own, 0.0) @ self.added.T
        count = len(self.first)
        parts = added[:, :count], added[:, count : 2 * count], added[:, 2 * count :]
        return Net((self.first, self.second, self.out), parts).published()


def to_json(students: Mapping[str, Student]) -> bytes:
    """Writes the students per surface."""
    found = {
        slug: {name: _plain(value) for name, value in asdict(student).items()}
        for slug, student in sorted(students.items())
    }
    return (json.dumps(found, ensure_ascii=False) + "\n").encode()


def _plain(value: tuple[str, ...] | Floats) -> object:
    return list(value) if isinstance(value, tuple) else np.round(value, 5).tolist()


def from_json(content: bytes) -> dict[str, Student]:
    """Reads what `to_json` wrote. Raises KeyError, TypeError or ValueError."""
    names = [field.name for field in fields(Student) if field.name != "blocks"]
    found = {}
    pages = json.loads(content)
    if not isinstance(pages, dict):
        raise ValueError("students are an object of pages")
    for slug, page in pages.items():
        arrays = {name: np.array(page[name], dtype=np.float64) for name in names}
        if not all(a.ndim == 2 and np.isfinite(a).all() for a in arrays.values()):
            raise ValueError(f"the student of {slug} holds what is no matrix of numbers")
        student = Student(tuple(page["blocks"]), **arrays)
        _refuse_misshapen(slug, student)
        found[slug] = student
    return found


def _refuse_misshapen(slug: str, student: Student) -> None:
    hidden, units = len(student.first), student.own.shape[1]
    shapes = {
        "own": (len(student.blocks), units),
        "day": (units, DAY),
        "added": (2 * hidden + 2, units),
        "first": (hidden, PERSON),
        "second": (hidden, hidden),
        "out": (2, hidden),
    }
    for name, shape in shapes.items():
        if getattr(student, name).shape != shape:
            raise ValueError(f"the student of {slug} has no {name} of shape {shape}")
