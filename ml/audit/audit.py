"""Audits a policy: its effect on every slice of people, with an interval and a verdict."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from ml.audit.by_book import BOOK
from ml.audit.joined import Asked, report_of
from ml.audit.person_sums import last_seen, person_sums, references_of
from ml.audit.rows import Progress, silent
from ml.audit.site_facts import NO_FACTS, SiteFacts
from ml.evaluation.replay_file import used_blocks
from uiengine.page.surface import Surface


def audit(
    replay: Path,
    visits: pd.DataFrame,
    people: pd.DataFrame,
    by: Sequence[str],
    *,
    champion: Path | None = None,
    anchor: Path | None = None,
    book: Path | None = None,
    previous: Sequence[Mapping[str, Any]] = (),
    surfaces: Mapping[str, Surface] | None = None,
    power: Mapping[str, Any] | None = None,
    site: SiteFacts = NO_FACTS,
    out: Path,
    version: str = "",
    serves: bool = False,
    simulated: bool = False,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Audits a replay; writes report.html and report.json into `out`, whose content it returns.

    book: a replay of the same visits by the page's book, judged beside it. previous: earlier looks,
    oldest first. Only visits after theirs count, unless a slice of MIN_USERS people would have
    fewer then. surfaces: page definitions of a live site; without them every page counts as one
    column. The rest: see `joined.Asked`.
    """
    given = {"subject": replay, "champion": champion, "anchor": anchor, BOOK: book}
    replays = {name: path for name, path in given.items() if path is not None}
    made = person_sums(replays, used_blocks(visits), surfaces, site, last_seen(previous), progress)
    asked = Asked(
        by=by,
        references=references_of(replays),
        previous=previous,
        site=site,
        version=version or replay.stem,
        serves=serves,
        simulated=simulated,
        power=power,
    )
    with tempfile.TemporaryDirectory(prefix="audit-") as folder:
        made.to_parquet(file := Path(folder) / "people.parquet")
        return report_of([file], people, asked, out, progress)
