"""Learns all that a new version keeps for its books, from the people it learned from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from ml.books import served_orders, students
from ml.books.served_orders import few_of, learn_served
from ml.books.students import learn_students
from ml.data.shard_files import VisitFiles, tables_read, users_read, visits_by_user
from ml.data.sums import Sums
from ml.progress import Progress, within
from uiengine.page.surface import Surface


def enough(files: VisitFiles) -> pd.DataFrame:
    """Returns the visits in files of one surface that its books are learned from.

    More of them give the same books, as people are drawn the same way from these.
    """
    counts: dict[str, int] = {}
    for table in tables_read(files.paths):
        counts |= {user: visits for user, (visits, _) in visits_by_user(table).items()}
    most = max(served_orders.MOST_VISITS, students.MOST_VISITS)
    return users_read(files.paths, few_of(counts, most).__contains__)


def learn_books(
    folder: Path,
    visits: pd.DataFrame,
    surfaces: Mapping[str, Surface],
    progress: Progress = lambda share, text: None,
    everyone: Sums | None = None,
) -> str:
    """Adds the served orders and the students to a version folder; returns the id that it has then.

    everyone: what all people did, where the visits are of a sample; None: what these did.
    """
    learn_served(folder, visits, surfaces, within(progress, 0.0, 0.6), everyone)
    return learn_students(folder, visits, surfaces, within(progress, 0.6, 0.4), everyone)
