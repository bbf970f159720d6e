"""`manage.py export_decisions --surface S --log FILE`: exports drawn layouts with their rewards."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.db.models import QuerySet
from tqdm import tqdm

from uiengine.errors import EngineError
from webapp.codebooks.management.runs import surface_named, version_named
from webapp.codebooks.registry import artefacts
from webapp.layouts.decision_log import drawn_visits, logged_line, target_lines, visits_by_byte
from webapp.lib.database_command import DatabaseCommand
from webapp.serving.pages import Page, serving
from webapp.subjects.models import Visit


class Command(DatabaseCommand):
    help = (
        "Writes the visits of a surface whose layout was drawn (guardrails.exploration above 0), "
        "for `python -m ml.ope`; with --against also what that version makes of them."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--surface", required=True, help="slug of the surface")
        parser.add_argument("--log", type=Path, required=True, help="file for what was served")
        parser.add_argument("--against", help="another codebook version, or a start of its name")
        parser.add_argument("--target", type=Path, help="file for what that version would serve")

    def handle(
        self,
        *args: Any,
        surface: str,
        log: Path,
        against: str | None,
        target: Path | None,
        **options: Any,
    ) -> None:
        if (against is None) != (target is None):
            raise CommandError("--against and --target go together: name both, or neither.")
        surface_named(surface)
        row = against and version_named(against)
        try:
            version = artefacts.load(row.folder, row.manifest) if row else None
        except EngineError as error:
            raise CommandError(str(error)) from error
        page = serving.page(surface)
        if page is None:
            raise CommandError(f"surface: {surface!r} cannot be served. See the log for why.")
        visits = drawn_visits(page)
        versions: Counter[str] = Counter(_written(log, _logged(page, visits)))
        if not versions:
            log.unlink()
            raise CommandError(_nothing(page) + _by_byte(page))
        left_out = visits_by_byte(page)
        line: dict[str, Any] = {"surface": surface, "visits": versions.total(), "by": versions}
        line |= {"left_out_by_byte": left_out}
        if version and target:
            rows = target_lines(page, visits.iterator(), version)
            own = _written(target, tqdm(rows, "target", total=visits.count(), disable=None))
            line |= {"target": version.id, "own_best_could_be_drawn": sum(own) / versions.total()}
        self.stdout.write(json.dumps(line))


def _logged(page: Page, visits: QuerySet[Visit]) -> Iterator[tuple[dict[str, Any], str]]:
    for visit in tqdm(visits.iterator(), "log", total=visits.count(), disable=None):
        line = logged_line(page, visit)
        yield line, line["version"]


def _written(path: Path, lines: Iterable[tuple[dict[str, Any], Any]]) -> list[Any]:
    """Writes each line to the file; returns the second values of the pairs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = []
    with path.open("w", encoding="utf-8") as file:
        for line, more in lines:
            file.write(json.dumps(line) + "\n")
            beside.append(more)
    return beside


def _nothing(page: Page) -> str:
    slug, share = page.surface.slug, page.surface.guardrails.exploration
    if share == 0:
        return (
            f"guardrails.exploration of {slug} is 0: no layout was drawn, so a log could say "
            "nothing about layouts that were not served. Set it above 0 (at most 0.2) and wait "
            "for visits."
        )
    return (
        f"{slug} has no closed visit with a drawn layout under revision {page.surface.revision} "
        f"(exploration {share:g}). A visit closes {page.gap // 60_000} minutes after its last "
        "event."
    )


def _by_byte(page: Page) -> str:
    """What visits by byte are to a log; empty where there are none."""
    count = visits_by_byte(page)
    if not count:
        return ""
    return (
        f" {count} closed visits showed an entry of a book: nothing is drawn for a byte, so their "
        "propensity is 1, they have no support for any other layout, and are left out."
    )
