"""The start of every training: usable visits, numbered kinds, and the weights to go on from."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch

from ml.data.histories import RecordedVisit
from ml.learning.loop import Fitted
from ml.learning.networks import Codec
from ml.learning.residual_vq import ResidualQuantiser
from ml.learning.settings import Settings
from uiengine.model.version_folder import load_version
from uiengine.page.surface import Surface

LEAST_VISITS, LEAST_SUBJECTS = 30, 3
"""Smallest numbers of visits and subjects to train on; fewer would teach noise."""


class TooLittleDataError(ValueError):
    """There are fewer visits or subjects than a version can be trained on."""


def check_enough(visits: int, subjects: int, surfaces: int) -> None:
    """Raises TooLittleDataError below LEAST_VISITS or LEAST_SUBJECTS."""
    if visits < LEAST_VISITS or subjects < LEAST_SUBJECTS:
        raise TooLittleDataError(
            f"visits: {visits} usable visits of {subjects} subjects on "
            f"{surfaces} surface(s); at least {LEAST_VISITS} visits of {LEAST_SUBJECTS} "
            "subjects are needed. Import more visits, or serve the innate version until then"
        )


def on_pages(
    visits: Sequence[RecordedVisit], surfaces: Mapping[str, Surface]
) -> list[RecordedVisit]:
    """Returns visits of known surfaces, reduced to blocks that those surfaces still have."""
    found = []
    for v in visits:
        surface = surfaces.get(v.surface)
        blocks = tuple(b for b in v.blocks if surface and b in surface.index)
        if blocks:
            found.append(v if blocks == v.blocks else _with_blocks(v, blocks))
    return found


def _with_blocks(visit: RecordedVisit, blocks: tuple[str, ...]) -> RecordedVisit:
    return RecordedVisit(
        visit.surface, visit.user, visit.at, visit.when, visit.day, blocks, visit.number
    )


def kinds_of(start: Fitted | None, surfaces: Mapping[str, Surface]) -> dict[str, int]:
    """Numbers kinds from 1: those of the start first, then new ones in alphabetical order."""
    kinds = dict(start.kinds) if start else {}
    for kind in sorted({b.kind for s in surfaces.values() for b in s.blocks}):
        kinds.setdefault(kind, len(kinds) + 1)
    return kinds


def load_fitted(folder: Path) -> Fitted:
    """Loads the torch weights of a version folder, after the checks of serving."""
    version = load_version(folder)
    settings = Settings.from_stored(version.card["settings"])
    codec = Codec(len(version.kinds), settings)
    state = torch.load(io.BytesIO((folder / "weights.pt").read_bytes()), weights_only=True)
    codec.load_state_dict(state)
    quantiser = ResidualQuantiser(settings)
    codes = torch.from_numpy(version.codebook.codes)
    quantiser.codes[:, : codes.shape[1]] = codes
    quantiser.codes_in_use = list(version.codebook.codes_in_use)
    return Fitted(codec.eval(), quantiser.eval(), dict(version.kinds), settings)
