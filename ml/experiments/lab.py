"""Inputs that experiments share: visits, their split, a trained version, settings, seeds."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from ml.cli import progress_bar
from ml.data import formats
from ml.data.tables import read_visits
from ml.experiments import curves, recipe
from ml.experiments.split import Split, prepare, split_frame
from ml.learning.settings import Settings
from ml.training.train import train_version

COHORT = Path("fixtures/cohort_visits.csv")


@dataclass
class Lab:
    """The inputs by the command's options; each is computed on first use."""

    options: argparse.Namespace

    @cached_property
    def settings(self) -> Settings:
        return Settings().smoke() if self.options.smoke else Settings()

    @property
    def seeds(self) -> Sequence[int]:
        first = self.options.seed
        return range(first, first + (2 if self.options.smoke else recipe.SEEDS))

    @cached_property
    def visits(self) -> pd.DataFrame:
        """Real visits; in a smoke run the simulated cohort, its people on two surfaces."""
        if not self.options.smoke:
            return formats.read(self.options.visits, self.options.format).visits
        frame = read_visits([COHORT])[0]
        second = frame.user.isin(sorted(frame.user.unique())[::2])
        return frame.assign(surface=frame.surface.where(~second, "second"))

    @cached_property
    def sides(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        return split_frame(self.visits)

    @cached_property
    def split(self) -> Split:
        bar, show = progress_bar("features")
        with bar:
            return prepare(*self.sides, self.options.seed, lambda s: show(s, "history"))

    @cached_property
    def trained(self) -> curves.Trained:
        folder = self.options.version
        if folder is None:
            folder = self.options.out / "version"
            bar, show = progress_bar("training")
            with bar:
                train_version(
                    self.sides[0],
                    folder,
                    seed=self.options.seed,
                    settings=self.settings,
                    progress=show,
                )
        return curves.Trained.of(folder)

    def all_courses(self) -> pd.DataFrame:
        if self.options.smoke:
            return self.visits
        return pd.concat([self.visits, self.elsewhere()], ignore_index=True)

    def elsewhere(self) -> pd.DataFrame:
        """Visits of other surfaces; in a smoke run the second one's."""
        if self.options.smoke:
            return self.visits[self.visits.surface == "second"]
        return read_visits([self.options.monthly])[0]

    @property
    def retrained(self) -> pd.DataFrame:
        """Visits of the surfaces that are retrained: none of `elsewhere`."""
        return self.visits[self.visits.surface != "second"] if self.options.smoke else self.visits
