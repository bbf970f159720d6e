"""Training from files of visits by shard: one pass sums up everybody, a sample is learned from."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from ml.data.histories import visits_of
from ml.data.rows import visits_frame
from ml.data.shard_files import shards_read
from ml.data.sums import Sums
from ml.training.start import on_pages
from uiengine.page.surface import Surface


class Learned(NamedTuple):
    """visits: checked rows of those who are learned from. everyone: sums of all who may be."""

    visits: pd.DataFrame
    everyone: Sums


def learned_from(
    paths: Iterable[Path],
    surfaces: Mapping[str, Surface],
    may_learn: Callable[[pd.DataFrame], pd.DataFrame],
    users: Collection[str] | None = None,
) -> Learned:
    """Reads files of `ml.data.shard_files`, one after the other and one row group at a time.

    may_learn: leaves out the rows of held-back people. users: whose visits are kept; None: all.
    """
    wanted = None if users is None else list(users)
    everyone, kept = Sums(), [visits_frame([])]
    for part in (part for path in paths for part in shards_read(path)):
        trained_on = may_learn(part)
        everyone.add(Sums.of(on_pages(visits_of(trained_on), surfaces)))
        is_mine = slice(None) if wanted is None else trained_on["user"].isin(wanted)
        kept.append(trained_on[is_mine])
    return Learned(pd.concat(kept, ignore_index=True), everyone)
