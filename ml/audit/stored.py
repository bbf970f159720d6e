"""Audits versions on visits that a site stored: people are replayed some at a time, then joined.

`people_sums` replays a group of people under each version and keeps a row of sums of each person;
any worker may do any group. `stored_report` makes the report of all files of such rows.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from ml.audit.by_book import BOOK
from ml.audit.categories import NO_ATTRIBUTE
from ml.audit.joined import Asked, report_of
from ml.audit.person_sums import person_sums, references_of
from ml.audit.site_facts import NO_FACTS, SiteFacts
from ml.data.histories import visits_of
from ml.evaluation.engine_policy import unexplained
from ml.evaluation.one_core import one_core
from ml.evaluation.policies import policy
from ml.evaluation.replay import replay
from ml.evaluation.replay_file import used_blocks
from ml.evaluation.shown import Policy
from ml.progress import Progress, within
from uiengine.behaviour.popularity import Popularity
from uiengine.page.reading_order import default_order
from uiengine.page.surface import Surface


@dataclass(frozen=True)
class Walk:
    """What the walks of all people share.

    versions: folder of the `subject`, and where they exist of `champion` and `anchor`. popularity:
    before each day, of everybody's visits (`ml.data.sums`). entries: of the page's books, 0 where
    nobody is served by a byte. since: of `person_sums.last_seen`.
    """

    surface: Surface
    versions: Mapping[str, Path]
    popularity: Mapping[tuple[str, int], Popularity]
    entries: int = 0
    site: SiteFacts = NO_FACTS
    since: Mapping[str, datetime] | None = None

    @property
    def pages(self) -> dict[str, Surface]:
        return {self.surface.slug: self.surface}

    @property
    def defaults(self) -> dict[str, tuple[str, ...]]:
        return {self.surface.slug: default_order(self.surface)}

    @property
    def references(self) -> list[str]:
        """What the subject is compared with."""
        return references_of({**self.versions, **({BOOK: ""} if self.entries else {})})

    def policies(self) -> dict[str, Policy]:
        """By name, of each version and of the book."""
        loaded = {name: one_core(folder) for name, folder in self.versions.items()}
        found = {name: unexplained(version) for name, version in loaded.items()}
        if self.entries:
            of = (BOOK, loaded["subject"], self.defaults, 64, 0, self.entries)
            found[BOOK] = policy(*of)
        return found


def people_sums(
    groups: Iterable[pd.DataFrame],
    walk: Walk,
    work: Path,
    progress: Progress = lambda share, doing: None,
) -> pd.DataFrame:
    """Returns the rows of `person_sums` of some people; nothing at all without groups.

    groups: all visits of different people, some people at a time, which bounds the memory. work: a
    folder for replays of one group.
    """
    policies = walk.policies()
    work.mkdir(parents=True, exist_ok=True)
    found = []
    for visits in groups:
        replays = {name: work / f"{name}.jsonl" for name in policies}
        for number, (name, decide) in enumerate(policies.items()):
            show = within(progress, number / len(policies), 1 / len(policies))
            _replayed(visits, walk, decide, replays[name], show)
        used = used_blocks(visits)
        found.append(person_sums(replays, used, walk.pages, walk.site, walk.since))
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame()


def stored_report(
    files: Sequence[Path],
    people: Sequence[Mapping[str, str]],
    walk: Walk,
    *,
    by: Sequence[str],
    previous: Sequence[Mapping[str, Any]],
    serves: bool,
    simulated: bool,
    work: Path,
    progress: Progress = lambda share, doing: None,
) -> tuple[dict[str, Any], str]:
    """Returns the content of report.json and of report.html.

    files: Parquet of `people_sums`, of different people in any order. people: their attributes.
    walk: as it was for them; popularity and the goals' events are not read. serves: whether the
    subject is the champion.
    """
    names = list(by) or [NO_ATTRIBUTE]
    table = pd.DataFrame([dict(p) for p in people], columns=sorted({"user", "surface", *names}))
    table = table.fillna("").astype({"user": str, "surface": str})
    manifest = (walk.versions["subject"] / "manifest.json").read_text(encoding="utf-8")
    asked = Asked(
        by=names,
        references=walk.references,
        previous=previous,
        site=walk.site,
        version=json.loads(manifest)["id"],
        serves=serves,
        simulated=simulated,
    )

    def show(doing: str, done: int, steps: int) -> None:
        progress(done / max(steps, 1), doing)

    report = report_of(files, table, asked, work / "report", show)
    return report, (work / "report" / "report.html").read_text(encoding="utf-8")


def _replayed(
    visits: pd.DataFrame, walk: Walk, decide: Policy, out: Path, progress: Progress
) -> None:
    """Writes the replay of some people."""

    def show(share: float, at: str) -> None:
        progress(share, f"replaying the {out.stem}: {at}")

    given = (visits_of(visits), walk.pages, walk.defaults, decide, show)
    with out.open("w", encoding="utf-8") as file:
        for line in replay(*given, popularity=walk.popularity):
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
