"""Runs the figures of a bundle again, from its files and, if they are at hand, the visits."""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from uiengine.model.version_folder import load_version
from uiengine.page import surface_json
from uiengine.page.surface import Surface
from webapp.codebooks.pipeline.stored_visits import stored_visits
from webapp.evidence.bundle import BundleError, Files
from webapp.lib.progress import Progress
from webapp.surfaces import models as row

SAME = 1e-9
"""Largest difference of two figures that are called the same."""


def rerun(files: Files, visits: Path | None, progress: Progress) -> list[dict[str, Any]]:
    """Returns a line per figure: {figure, said, found, is_same}.

    visits: a file of the visits that the version was judged on. Raises BundleError where the bundle
    has nothing to run again, or the visits are others.
    """
    gate = json.loads(files["gate.json"])
    conditions = {c["name"]: c for c in gate.get("conditions", ())}
    if not conditions:
        raise BundleError("gate.json: the version was not judged: there is nothing to run again.")
    surface = surface_json.parse(json.loads(files["surface.json"]))
    with tempfile.TemporaryDirectory(prefix="evidence-") as folder:
        folders = dict(_unpacked(files, Path(folder)))
        lines = list(_guardrails(conditions, folders, surface, progress))
        if visits is not None and "energy" in conditions:
            lines += _energy(conditions["energy"], files, folders, surface, visits, progress)
    return lines


def visits_write(surface: row.Surface, path: Path) -> str:
    """Writes the closed visits that the surface has now as Parquet; returns their digest."""
    from ml.data.digest import COLUMNS, visits_digest
    from ml.data.rows import visits_frame

    visits = visits_frame(stored_visits(surface))
    visits[COLUMNS].to_parquet(path)
    return visits_digest(visits)


def _unpacked(files: Files, into: Path) -> Iterator[tuple[str, Path]]:
    """Writes the versions to folders; their names are those of `ml.evaluation.held_back`."""
    for folder, name in (("version", "challenger"), ("against", "champion")):
        parts = [part for part in files if part.startswith(f"{folder}/")]
        for part in parts:
            (into / part).parent.mkdir(exist_ok=True)
            (into / part).write_bytes(files[part])
        if parts:
            yield name, into / folder


def _guardrails(
    conditions: dict[str, Any], folders: dict[str, Path], surface: Surface, progress: Progress
) -> Iterator[dict[str, Any]]:
    from ml.evaluation.random_people import broken_rules

    said = conditions.get("guardrails")
    if said is None:
        return
    version = load_version(folders["challenger"])
    broken = broken_rules(version, surface, int(said["people"]), progress=progress)
    yield _line(f"rules broken for {said['people']} random people", said["figure"], broken.total())


def _energy(
    said: dict[str, Any],
    files: Files,
    folders: dict[str, Path],
    surface: Surface,
    path: Path,
    progress: Progress,
) -> Iterator[dict[str, Any]]:
    from ml.data.digest import visits_digest
    from ml.data.tables import read_visits
    from ml.evaluation.held_back import compare, interval

    visits, _ = read_visits([path])
    wanted = json.loads(files["data.json"])["judged_on"].get("sha256")
    digest = visits_digest(visits)
    if wanted != digest:
        raise BundleError(
            f"visits: {path} has the hash {digest}, the version was judged on {wanted}. "
            "Ask the site for the visits of that day."
        )
    work = folders["challenger"].parent / "replays"
    paired = compare(visits, surface, folders, work, progress)
    found = interval(paired.champion, paired.challenger)
    yield _line("held-back people", said["people"], len(paired.challenger))
    yield _line("visits of held-back people", said["visits"], paired.visits)
    yield _line("extra modelled seconds, as a share", said["estimate"], found.estimate)
    if said["figure"] is not None:
        yield _line("upper end of the 95 % interval", said["figure"], found.high)


def _line(figure: str, said: Any, found: Any) -> dict[str, Any]:
    is_same = math.isclose(said, found, rel_tol=SAME, abs_tol=SAME)
    return {"figure": figure, "said": said, "found": found, "is_same": is_same}
