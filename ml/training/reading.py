"""Reads visits for a training: of everybody at once, or group of people by group."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

import pandas as pd

from ml.data.histories import RecordedVisit, visits_of
from ml.data.sums import Sums
from ml.learning import distributed
from ml.learning.building import Building, opened
from ml.learning.examples import Examples
from ml.progress import Progress, named_part
from ml.training.start import check_enough, on_pages
from uiengine.page.surface import Surface


class Frames(Protocol):
    """Frames that each hold all visits of their people, read anew by each iteration."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[pd.DataFrame]: ...


Visits = pd.DataFrame | Frames
"""Checked rows (`ml.data.tables.read_visits`)."""


def frames(visits: Visits) -> Frames:
    return [visits] if isinstance(visits, pd.DataFrame) else visits


@dataclass(frozen=True)
class Reader:
    """Visits as examples. folder: where these are written; None: they are kept in memory."""

    visits: Visits
    surfaces: Mapping[str, Surface]
    folder: Path | None = None

    def groups(self) -> Iterator[list[RecordedVisit]]:
        """Yields visits of whole people, in time order, reduced to blocks that surfaces have."""
        for frame in frames(self.visits):
            yield on_pages(visits_of(frame), self.surfaces)

    def sums(self) -> Sums:
        found = Sums()
        for group in self.groups():
            found.add(Sums.of(group))
        return found

    def examples(
        self,
        kinds: Mapping[str, int],
        priors: Mapping[str, Mapping[str, Sequence[float]]],
        everyone: Sums,
        seed: int,
        progress: Progress,
    ) -> Examples:
        """Builds the examples; they are the same bit for bit in memory and in files.

        Of several processes on a host the first writes the files, and all map them. Raises
        TooLittleDataError below `start.LEAST_VISITS` or LEAST_SUBJECTS.
        """
        if self.folder is None or distributed.is_first_here():
            made = self._built(kinds, priors, everyone, seed, progress)
        if self.folder is not None:
            distributed.wait()
        return made if self.folder is None or distributed.is_first_here() else opened(self.folder)

    def _built(
        self,
        kinds: Mapping[str, int],
        priors: Mapping[str, Mapping[str, Sequence[float]]],
        everyone: Sums,
        seed: int,
        progress: Progress,
    ) -> Examples:
        popular = everyone.popularity()
        count = len(frames(self.visits))
        building = Building(self.surfaces, kinds, priors, popular, self.folder)
        with closing(building):
            for done, group in enumerate(self.groups()):
                show = named_part(progress, done, count, "history")
                building.add(group, partial(_of_visits, show, len(building) + len(group)))
            check_enough(len(building), building.subjects, len(self.surfaces))
            return building.examples(seed)


def _of_visits(show: Progress, count: int, share: float) -> None:
    show(share, f"{count} visits")
