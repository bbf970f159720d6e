"""What a training starts from, and whose tokens its codes are aligned with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ml.learning.alignment import Alignment, renumber
from ml.learning.examples import Examples
from ml.learning.loop import Fitted, fit
from ml.learning.settings import Settings
from ml.progress import Progress
from ml.training.start import load_fitted
from uiengine.model.version_folder import load_version


@dataclass(frozen=True)
class Start:
    """Where a training starts: random weights, another version, or the champion.

    folder: the version folder started from. champion: the one whose tokens keep their meaning.
    """

    folder: Path | None
    fitted: Fitted | None
    champion: Path | None

    @classmethod
    def of(cls, innate: Path | None, champion: Path | None) -> Start:
        """Starts from `innate`, or without it from the champion, if any."""
        folder = innate or champion
        return cls(folder, load_fitted(folder) if folder is not None else None, champion)

    @property
    def is_champion(self) -> bool:
        return self.champion is not None and self.folder == self.champion

    def fit(
        self,
        examples: Examples,
        kinds: Mapping[str, int],
        settings: Settings,
        seed: int,
        progress: Progress,
    ) -> tuple[Fitted, dict[str, Any]]:
        """Trains, and aligns with the champion; returns the card's entries on that."""
        found = fit(
            examples,
            kinds,
            settings,
            seed=seed,
            start=self.fitted,
            is_aligned=self.is_champion,
            progress=progress,
        )
        if self.champion is None or self.fitted is None:
            return found, {}
        old = self.fitted if self.is_champion else load_fitted(self.champion)
        if not self.is_champion:
            renumber(found, old, examples)
        return found, alignment_facts(found, old, self.champion, examples, self.is_champion)


def alignment_facts(
    fitted: Fitted, old: Fitted, champion: Path, examples: Examples, is_start: bool
) -> dict[str, Any]:
    """Returns the card's entry on the alignment. is_start: the training started from the
    champion."""
    known = {"champion": load_version(champion).id, "is_start": is_start}
    return {"alignment": {**known, **Alignment(old, fitted, examples).facts()}}
