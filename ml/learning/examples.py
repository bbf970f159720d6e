"""Training examples: the state before each visit, and the blocks used in it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryFile
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ml.learning.inputs import Inputs
from ml.learning.networks import Batch
from ml.learning.settings import Settings
from ml.learning.walk import even_prior
from uiengine import features
from uiengine.features import EVIDENCE, FIRST_VISIT, IS_NEW, LAST_VISIT, Pages, People


class Targets(NamedTuple):
    """What is learned to say of each visit.

    share: (V, N), 1/k for each of k used blocks. outlook: (V, N), discounted mean share over the
    coming visits. hindsight: (V, N), ranks of the layout that orders blocks by the outlook.
    has_future: (V,), 0 at a subject's last visit.
    """

    share: Tensor
    outlook: Tensor
    hindsight: Tensor
    has_future: Tensor


@dataclass(frozen=True)
class Ordered:
    """Stored rows in the order of the examples; an index takes a copy of some of them."""

    stored: Tensor
    place: Tensor

    def __getitem__(self, rows: Tensor | slice) -> Tensor:
        return self.stored[self.place[rows]]

    def numpy(self) -> np.ndarray:
        """Returns a copy of all rows, which is large."""
        found: np.ndarray = self[:].numpy()
        return found


@dataclass
class Examples:
    """V visits of at most N blocks, and their targets: `place` says which of the stored rows.

    stored, targets: in memory, or mapped from files (`ml.learning.rows`). drawn: (…, N, 2, 3),
    popularity as if it rested on few visits, see `thin`. person: (…,), whose visit, a place among
    `people`, each a (surface, user). place: (V,). folder: where scratch files may be, if any.
    """

    stored: Inputs
    targets: Targets
    drawn: Tensor
    person: Tensor
    people: list[tuple[str, str]]
    place: Tensor
    folder: Path | None = None

    def __len__(self) -> int:
        return len(self.place)

    @property
    def users(self) -> list[tuple[str, str]]:
        """(surface, user) of each visit."""
        return [self.people[i] for i in self.person[self.place].tolist()]

    @property
    def width(self) -> int:
        """N."""
        return self.stored.mask.shape[1]

    @property
    def share(self) -> Ordered:
        return Ordered(self.targets.share, self.place)

    @property
    def outlook(self) -> Ordered:
        return Ordered(self.targets.outlook, self.place)

    @property
    def hindsight(self) -> Ordered:
        return Ordered(self.targets.hindsight, self.place)

    @property
    def has_future(self) -> Ordered:
        return Ordered(self.targets.has_future, self.place)

    @property
    def mask(self) -> np.ndarray:
        """1 for a block, 0 for padding, (V, N)."""
        found: np.ndarray = self.stored.mask[self.stored.page[self.place]].numpy()
        return found

    @property
    def is_first(self) -> np.ndarray:
        """Says which visits are their subject's first, (V,)."""
        found: np.ndarray = self.stored.context[self.place, IS_NEW].numpy() > 0
        return found

    @property
    def inputs(self) -> Batch:
        """All visits as one batch, which is large."""
        return self.stored.at(self.place)

    def at(self, rows: Tensor) -> Batch:
        return self.stored.at(self.place[rows])

    def thin(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Returns popularity as if it rested on few visits, (R, N, 16), and its evidence, (R,)."""
        stored = self.place[rows]
        mask = self.stored.mask[self.stored.page[stored]].numpy()
        pages = Pages(self.drawn[stored].numpy().astype(np.float64), even_prior(mask), mask)
        nobody = People(np.zeros((len(mask), 0, features.COUNTERS)), np.zeros((len(mask), 3)))
        context = features.encode_context(nobody, features.evidence(pages))
        popularity = torch.from_numpy(features.encode_popularity(pages))
        return popularity, torch.from_numpy(context[:, EVIDENCE])

    def scratch(self, count: int, width: int) -> Tensor:
        """Returns room for numbers of `count` examples: in memory, or where the examples are."""
        if self.folder is None:
            return torch.empty(count, width)
        with TemporaryFile(dir=self.folder) as file:
            return torch.from_numpy(np.memmap(file, np.float32, "w+", shape=(count, width)))

    def only(self, rows: Tensor) -> Examples:
        """Returns the examples at `rows`, in that order; rows may repeat. Nothing is copied."""
        return replace(self, place=self.place[rows])


def augment(
    examples: Examples, rows: Tensor, settings: Settings, generator: torch.Generator
) -> Batch:
    """Returns the batch of these rows, with inputs hidden or shuffled in a share of the samples, so
    that no network relies on them."""
    batch, size = examples.at(rows), len(rows)

    def chosen(share: float) -> Tensor:
        return torch.rand(size, generator=generator) < share

    popularity, context = batch.popularity, batch.context  # copies, as rows are
    few = chosen(settings.thin_popularity)
    popularity[few], context[few, EVIDENCE] = examples.thin(rows[few])
    seen = (~chosen(settings.drop_popularity)).float()
    popularity = popularity * seen[:, None, None]
    context[:, EVIDENCE] *= seen
    for column in (LAST_VISIT, FIRST_VISIT):
        context[:, column] *= (~chosen(settings.drop_days)).float()
    swapped = _permutation(batch.mask, chosen(settings.swap_kinds), generator)
    text = torch.gather(batch.text, 1, swapped[..., None].expand_as(batch.text))
    kind = torch.gather(batch.kind, 1, swapped)
    kind = torch.where(chosen(settings.hide_kinds)[:, None], torch.zeros_like(kind), kind)
    random_shape = torch.rand(batch.shape.shape, generator=generator)
    shape = torch.where(chosen(0.5)[:, None, None], random_shape, batch.shape)
    return batch._replace(kind=kind, text=text, shape=shape, popularity=popularity, context=context)


def _permutation(mask: Tensor, which: Tensor, generator: torch.Generator) -> Tensor:
    """Returns block indices per sample, (B, N), shuffled where `which` and ascending elsewhere."""
    noise = torch.rand(mask.shape, generator=generator).masked_fill(mask == 0, 9.0)
    same = torch.arange(mask.shape[1]).expand(mask.shape)
    return torch.where(which[:, None], noise.argsort(1), same)
