"""What a training starts from, and whose tokens its codes are aligned with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ml.learning.alignment import Alignment, renumber
from ml.learning.examples import Examples
from ml.learning.loop import Fitted, fit
from ml.learning.settings import Settings
from ml.progress import Progress
from ml.training.start import load_fitted
from ml.training.step import Limit, nearest_allowed
from ml.versions.draft import Draft
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
    ) -> Fitted:
        """Trains, and gives the codes the champion's numbers."""
        found = fit(
            examples,
            kinds,
            settings,
            seed=seed,
            start=self.fitted,
            is_aligned=self.is_champion,
            progress=progress,
        )
        if self.champion is not None and self.fitted is not None and not self.is_champion:
            renumber(found, load_fitted(self.champion), examples)
        return found

    def facts(self, found: Fitted, examples: Examples) -> dict[str, Any]:
        """Returns the card's entries on what a fit of `fit` keeps of the champion's tokens."""
        if self.champion is None or self.fitted is None:
            return {}
        old = self.fitted if self.is_champion else load_fitted(self.champion)
        return alignment_facts(found, old, self.champion, examples, self.is_champion)

    def kept_near(
        self, found: Fitted, draft_of: Callable[[Fitted], Draft], limit: Limit | None
    ) -> Draft:
        """Returns the draft of a fit, nearer to the champion where the limit asks for it."""
        if self.fitted is None or not self.is_champion:
            return draft_of(found)
        return nearest_allowed(found, self.fitted, draft_of, limit)


def alignment_facts(
    fitted: Fitted, old: Fitted, champion: Path, examples: Examples, is_start: bool
) -> dict[str, Any]:
    """Returns the card's entry on the alignment. is_start: the training started from the
    champion."""
    known = {"champion": load_version(champion).id, "is_start": is_start}
    return {"alignment": {**known, **Alignment(old, fitted, examples).facts()}}
