"""Learns all that a new version keeps for its books, from the people it learned from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from ml.books.served_orders import learn_served
from ml.books.students import learn_students
from ml.data.sums import Sums
from ml.progress import Progress, within
from uiengine.page.surface import Surface


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
