"""A progress bar for commands, shown only on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tqdm import tqdm

from webapp.lib.progress import Progress


@contextmanager
def progress_bar(name: str) -> Iterator[Progress]:
    """Yields a function to call with the finished share (0 to 1) and the current step."""
    hidden = not sys.stderr.isatty()
    with tqdm(total=100, desc=name, disable=hidden, file=sys.stderr) as bar:

        def show(share: float, doing: str) -> None:
            bar.update(int(100 * share) - bar.n)
            bar.set_postfix_str(doing, refresh=False)

        yield show
