"""`manage.py verify_evidence FILE.zip`: checks an evidence bundle; needs no rows of a database."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from uiengine.errors import EngineError
from webapp.evidence import jobs
from webapp.evidence.agreement import disagreements
from webapp.evidence.bundle import (
    BundleError,
    Files,
    bundle_read,
    manifest_of,
    seal_problems,
)
from webapp.lib.learning_extra import require_learning
from webapp.lib.terminal import progress_bar


class Command(BaseCommand):
    help = (
        "Checks that an evidence bundle is unchanged since it was signed and that its parts agree; "
        "with --rerun also that its figures come out again. Uses no database."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE.zip")
        parser.add_argument(
            "--key", default="", help="fingerprint of the site's key, as you know it from elsewhere"
        )
        parser.add_argument("--rerun", action="store_true", help="run the figures again")
        parser.add_argument("--visits", type=Path, help="the visits that it was judged on")

    def handle(
        self, *args: Any, file: Path, key: str, rerun: bool, visits: Path | None, **options: Any
    ) -> None:
        if visits is not None and not rerun:
            raise CommandError("visits: are only needed to run figures again. Add --rerun.")
        try:
            files = bundle_read(file)
            manifest = manifest_of(files)
            problems = [*seal_problems(files, key), *disagreements(files)]
            lines = self._again(files, visits) if rerun and not problems else []
        except (BundleError, EngineError) as error:
            raise CommandError(str(error)) from error
        problems += [
            f"{line['figure']}: {line['said']} was said, {line['found']} came out"
            for line in lines
            if not line["is_same"]
        ]
        for problem in problems:
            self.stderr.write(problem)
        said = {name: manifest[name] for name in ("version", "surface", "made_at", "simulated")}
        line = {**said, "is_whole": not problems, "key_known": bool(key), "figures": lines}
        self.stdout.write(json.dumps(line))
        if problems:
            raise CommandError(f"{file.name}: {len(problems)} problem(s), named above.")
        if not key:
            self.stderr.write(
                "The file is as it was signed; by whom, only --key can tell. Ask the site for its "
                "fingerprint by another way."
            )

    def _again(self, files: Files, visits: Path | None) -> list[dict[str, Any]]:
        require_learning()
        with progress_bar("run the figures again") as show:
            return jobs.rerun(files, visits, show)
