"""Audits versions on visits that a site stored: replays each version, then compares them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from ml.audit.audit import audit
from ml.audit.by_book import BOOK
from ml.audit.categories import NO_ATTRIBUTE
from ml.audit.site_facts import NO_FACTS, SiteFacts
from ml.data.histories import visits_of
from ml.evaluation.policies import policy
from ml.evaluation.replay import replay
from ml.evaluation.shown import Policy
from uiengine.model.version_folder import load_version
from uiengine.page.reading_order import default_order
from uiengine.page.surface import Surface

Progress = Callable[[float, str], None]
REPLAY_SHARE = 0.8
"""Share of an audit's time that the replays take, for the progress bar."""


def audit_stored(
    visits: pd.DataFrame,
    people: Sequence[Mapping[str, str]],
    by: Sequence[str],
    *,
    surface: Surface,
    versions: Mapping[str, Path],
    previous: Sequence[Mapping[str, Any]],
    work: Path,
    serves: bool,
    simulated: bool,
    entries: int = 0,
    site: SiteFacts = NO_FACTS,
    progress: Progress = lambda share, doing: None,
) -> tuple[dict[str, Any], str]:
    """Returns the content of report.json and of report.html.

    versions: folder of the `subject`, and where they exist of `champion` and `anchor`. serves:
    whether the subject is the champion. entries: of the page's books, 0 where nobody is served by
    a byte. Replays that a killed attempt had finished
    are reused.
    """
    known = {"user", "surface", *(by or [NO_ATTRIBUTE])}
    table = pd.DataFrame([dict(p) for p in people], columns=sorted(known)).fillna("")
    table["user"], table["surface"] = table["user"].astype(str), table["surface"].astype(str)
    replays = _replays(visits, surface, versions, entries, work, progress)
    report = audit(
        replays["subject"],
        visits,
        table,
        list(by) or [NO_ATTRIBUTE],
        champion=replays.get("champion"),
        anchor=replays.get("anchor"),
        book=replays.get(BOOK),
        previous=previous,
        surfaces={surface.slug: surface},
        site=site,
        out=work / "report",
        version=json.loads((versions["subject"] / "manifest.json").read_text())["id"],
        serves=serves,
        simulated=simulated,
        progress=lambda doing, done, steps: progress(
            REPLAY_SHARE + (1 - REPLAY_SHARE) * done / max(steps, 1), doing
        ),
    )
    return report, (work / "report" / "report.html").read_text(encoding="utf-8")


def _replays(
    visits: pd.DataFrame,
    surface: Surface,
    versions: Mapping[str, Path],
    entries: int,
    work: Path,
    progress: Progress,
) -> dict[str, Path]:
    """Replays the visits under each version, and by book; returns the replay files by name."""
    folders = {**versions, **({BOOK: versions["subject"]} if entries else {})}
    width = REPLAY_SHARE / len(folders)
    for number, (name, folder) in enumerate(folders.items()):

        def show(share: float, at: str, name: str = name, begin: float = width * number) -> None:
            progress(begin + width * share, f"replaying the {name}: {at}")

        if not (file := work / f"{name}.jsonl").exists():
            decide = policy(
                BOOK if name == BOOK else "engine",
                *(load_version(folder), {surface.slug: default_order(surface)}, 64, 0),
                entries=entries,
            )
            _write_replay(visits, surface, decide, file, show)
    return {name: work / f"{name}.jsonl" for name in folders}


def _write_replay(
    visits: pd.DataFrame, surface: Surface, decide: Policy, out: Path, progress: Progress
) -> None:
    defaults = {surface.slug: default_order(surface)}
    part = out.with_suffix(".part")
    part.parent.mkdir(parents=True, exist_ok=True)
    with part.open("w", encoding="utf-8") as file:
        lines = replay(visits_of(visits), {surface.slug: surface}, defaults, decide, progress)
        for line in lines:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
    part.rename(out)
