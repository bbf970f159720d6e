"""`manage.py rehearse --surface S`: what the engine would have shown over the stored past."""

from __future__ import annotations

import json
from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from webapp.codebooks.management.runs import carried_out, surface_named, version_named
from webapp.codebooks.models import Run
from webapp.codebooks.pipeline.steps import step_run
from webapp.lib.database_command import DatabaseCommand
from webapp.lib.learning_extra import require_learning
from webapp.lib.terminal import progress_bar
from webapp.subjects.attributes import attributes_known
from webapp.surfaces.models import Surface
from webapp.trials.models import Rehearsal
from webapp.trials.rehearsals import words
from webapp.trials.rehearsals.page import rehearsal_html


class Command(DatabaseCommand):
    help = (
        "Walks through the stored visits of held-back people: what would the engine have shown, "
        "against today's page, popularity and frecency? Ends with a verdict: worth it, not worth "
        "it, or too few people. Trains nothing that serves."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--surface", required=True, help="slug of the page")
        parser.add_argument(
            "--codebook", metavar="VERSION", help="default: the champion, else the innate one"
        )
        parser.add_argument(
            "--train",
            action="store_true",
            help="train a version first, on the people who are not held back; it serves nobody",
        )
        parser.add_argument(
            "--smoke", action="store_true", help="train a few steps only: ends within seconds"
        )
        parser.add_argument(
            "--by", nargs="+", default=[], help="attributes to slice by; default: all there are"
        )
        parser.add_argument(
            "--people", type=_count, metavar="N", help="held-back people to judge; default: 1000"
        )
        parser.add_argument(
            "--least",
            type=_share,
            default=0.01,
            help="share of the modelled seconds whose saving counts; default: 0.01",
        )
        parser.add_argument("--out", type=Path, metavar="FILE.html", help="write the page there")

    def handle(self, *args: Any, surface: str, by: list[str], **options: Any) -> None:
        require_learning()
        row = surface_named(surface)
        _check(row, by, options["out"])
        version = version_named(options["codebook"]) if options["codebook"] else None
        asked = {name: options[name] for name in ("train", "smoke", "people", "least")}
        with progress_bar(f"rehearse {row.slug}") as show:
            run = carried_out(
                Run.Kind.REHEARSE,
                row,
                lambda run_id: step_run(run_id, show),
                version=version,
                options={**asked, "by": by},
            )
        found = Rehearsal.objects.get(pk=run.result["report"])
        self._tell(found)
        out = options["out"]
        if out is not None:
            out.write_text(rehearsal_html(found, found.weeks.all()), encoding="utf-8")
        saved = found.figures["policies"]["engine"]["saved"]
        line = {**run.result, "people": found.figures["people"], "saved": saved["estimate"]}
        line |= {"interval": saved["interval"], "needed": found.figures["needed"]}
        self.stdout.write(json.dumps({**line, "out": str(out) if out else None}))

    def _tell(self, found: Rehearsal) -> None:
        self.stdout.write(words.headline(found.figures))
        for line in words.policies(found.figures):
            saved, _, captured, first, moved, seconds = (cell.value or "–" for cell in line.cells)
            if line.name == words.NAMES["today"]:
                told = f"what the others are measured against; {seconds} s a visit"
            else:
                told = (
                    f"{saved} saved, {captured} captured ({first} in the first three visits), "
                    f"{moved} blocks moved and {seconds} s a visit"
                )
            self.stdout.write(f"  {line.name}: {told}")


def _check(row: Surface, by: list[str], out: Path | None) -> None:
    known = attributes_known(row) if by else []
    for name in by:
        if name not in known:
            have = ", ".join(known) or "none: import some with import_visits --people"
            raise CommandError(
                f"by: {name!r} is no attribute of the people on {row.slug}. They have {have}."
            )
    if out is not None and out.is_dir():
        raise CommandError(f"out: {out} is a folder. Name a file in it.")
    if out is not None and not out.parent.is_dir():
        raise CommandError(f"out: {out.parent} is no folder. Make it, or name another.")


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is no whole number from 1 on")
    return int(text)


def _share(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 0.5:
        raise ArgumentTypeError(f"{text!r} is no share from 0 to 0.5, such as 0.01")
    return value
