"""Every experiment by its name, and the parts of it that can be run alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from ml.experiments import (
    ablations,
    calibrating,
    compared,
    curves,
    layouts,
    limits,
    lockin,
    recipe,
    retrains,
    unseen,
)
from ml.experiments.judging import Line
from ml.experiments.lab import Lab
from ml.experiments.lockin_learners import LEARNERS
from ml.experiments.lockin_world import World
from ml.experiments.peers import PEERS
from ml.experiments.quantisers import CODEBOOKS
from ml.progress import Progress

INNATE = Path("fixtures/innate")
SMALL = World(people=12, blocks=6, visits=6, retrains=1)
"""The lock-in experiment of a smoke run."""

Experiment = Callable[[Lab, Progress, Sequence[str]], Iterator[Line]]
EXPERIMENTS: dict[str, Experiment] = {
    "curves": lambda lab, show, parts: curves.curves(lab.split, lab.trained, show),
    "peers": lambda lab, show, parts: compared.peers(lab.split, lab.options.seed, show, parts),
    "codebooks": lambda lab, show, parts: compared.codebooks(
        lab.split, lab.settings, lab.options.seed, show, parts
    ),
    "ablations": lambda lab, show, parts: ablations.ablations(
        lab.split, lab.settings, lab.options.seed, show, parts
    ),
    "recipe": lambda lab, show, parts: recipe.recipe(
        lab.split, lab.settings, lab.seeds, show, parts
    ),
    "limits": lambda lab, show, parts: limits.limits(
        lab.split, lab.settings, lab.options.seed, show, parts
    ),
    "calibration": lambda lab, show, parts: calibrating.calibrating(
        lab.split, lab.settings, lab.options.seed, show, parts
    ),
    "lock_in": lambda lab, show, parts: lockin.lock_in(
        SMALL if lab.options.smoke else World(seed=lab.options.seed),
        INNATE,
        replace(lab.settings, warm_epochs=0) if lab.options.smoke else None,
        show,
        parts,
    ),
    "unseen": lambda lab, show, parts: unseen.unseen(
        lab.all_courses(), lab.settings, lab.options.seed, show, parts
    ),
    "retrains": lambda lab, show, parts: retrains.retrains(
        lab.retrained,
        lab.elsewhere(),
        lab.settings if lab.options.smoke else None,
        lab.options.seed,
        lab.options.out / "retrains",
        show,
        parts,
    ),
    "layouts": lambda lab, show, parts: layouts.layouts(
        lab.options.layouts, lab.options.seed, show, parts, is_smoke=lab.options.smoke
    ),
}
PARTS: dict[str, tuple[str, ...]] = {
    "peers": tuple(PEERS),
    "codebooks": (*CODEBOOKS, compared.NO_CODEBOOK),
    "ablations": ablations.NAMES,
    "recipe": recipe.NAMES,
    "limits": limits.NAMES,
    "calibration": calibrating.NAMES,
    "lock_in": tuple(LEARNERS),
    "unseen": unseen.NAMES,
    "retrains": retrains.NAMES,
    "layouts": layouts.NAMES,
}
"""Parts of an experiment that can be run again alone, by --parts."""
