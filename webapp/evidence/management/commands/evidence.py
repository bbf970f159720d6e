"""`manage.py evidence VERSION --surface S --out FILE.zip`: writes an evidence bundle."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from uiengine.errors import VersionError
from webapp.codebooks.management.runs import surface_named, version_named
from webapp.evidence import jobs
from webapp.evidence.bundle import fingerprint, public_bytes
from webapp.evidence.services import bundle_make, site_key
from webapp.lib.database_command import DatabaseCommand
from webapp.lib.learning_extra import require_learning
from webapp.surfaces.models import Surface


class Command(DatabaseCommand):
    help = (
        "Writes one signed file from which an outsider can check what was said of a version: card, "
        "gate, audit, record of promotions, hashes of the data, and a bill of materials "
        "(CycloneDX 1.7). No row of a person is in it. Check it with verify_evidence."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", metavar="VERSION", help="name of the version, or a start of it")
        parser.add_argument("--surface", required=True, help="slug of the surface")
        parser.add_argument("--out", required=True, type=Path, metavar="FILE.zip")
        parser.add_argument(
            "--visits-out",
            type=Path,
            metavar="FILE.parquet",
            help="also write the visits that the surface has now, with people's keys, for somebody "
            "who may see them and runs the figures again",
        )

    def handle(
        self,
        *args: Any,
        name: str,
        surface: str,
        out: Path,
        visits_out: Path | None,
        **options: Any,
    ) -> None:
        row, version = surface_named(surface), version_named(name)
        for path in filter(None, (out, visits_out)):
            if not path.parent.is_dir():
                raise CommandError(f"out: the folder {path.parent} does not exist. Make it first.")
        try:
            made = bundle_make(version, row)
        except VersionError as error:
            raise CommandError(str(error)) from error
        partial = out.with_name(f"{out.name}.part")
        partial.write_bytes(made.content)
        partial.replace(out)
        if visits_out:
            self._visits(row, visits_out, made.judged_on)
        for field in made.empty:
            self.stdout.write(f"not filled: {field}")
        key = fingerprint(public_bytes(site_key()))
        line = {
            "file": str(out),
            "bytes": len(made.content),
            "key": key,
            "standard_fields": made.fields,
            "filled": made.fields - len(made.empty),
            "share": round(1 - len(made.empty) / made.fields, 3),
        }
        self.stdout.write(json.dumps(line))

    def _visits(self, row: Surface, path: Path, judged_on: str | None) -> None:
        require_learning()
        is_same = jobs.visits_write(row, path) == judged_on
        said = "are those" if is_same else "are not those (judge it again first)"
        self.stdout.write(f"{path}: its visits {said} that the version was judged on.")
