"""`manage.py import_surface FILE --format F`: makes a surface of a page as its tool saved it."""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from uiengine.dashboards import FORMATS
from uiengine.errors import EngineError
from webapp.lib.database_command import DatabaseCommand
from webapp.surfaces.dashboards.help import ROWS, WithRows
from webapp.surfaces.dashboards.imported import page_import, page_read
from webapp.surfaces.models import Surface


class Command(DatabaseCommand):
    help = (
        "Makes a surface of a dashboard as its tool saved or exported it: blocks, groups, sizes, "
        "the order as it stands. Reads JSON, JSON lines, YAML and ZIP. Importing the same file "
        "again changes nothing."
    )

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        return super().create_parser(
            prog_name, subcommand, epilog=ROWS, formatter_class=WithRows, **kwargs
        )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="the dashboard's file")
        parser.add_argument("--format", required=True, choices=sorted(FORMATS), help="its tool")
        parser.add_argument("--slug", default="", help="the surface's; default: from its title")

    def handle(self, *args: Any, file: Path, format: str, slug: str, **options: Any) -> None:
        begin = time.perf_counter()
        try:
            content = file.read_bytes()
        except OSError as error:
            raise CommandError(f"file: {error}. Name a file that can be read.") from error
        try:
            page = page_read(content, format=format, file_name=file.name, slug=slug)
            is_new = not Surface.objects.filter(slug=page.definition["slug"]).exists()
            row = page_import(page)
        except EngineError as error:
            raise CommandError(f"{error}\nNothing was imported.") from error
        for note in page.notes:
            self.stderr.write(note)
        done = {
            "surface": row.slug,
            "created": is_new,
            "revision": row.revision,
            "blocks": len(page.surface.blocks),
            "groups": len(page.surface.groups),
            "breakpoints": [at.name for at in page.surface.breakpoints],
            "notes": len(page.notes),
            "seconds": round(time.perf_counter() - begin, 2),
        }
        self.stdout.write(json.dumps(done))
