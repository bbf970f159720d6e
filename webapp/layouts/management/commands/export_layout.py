"""`manage.py export_layout --surface S --subject KEY --format F`: a layout in its tool's file."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from uiengine.dashboards import FORMATS
from uiengine.errors import EngineError
from webapp.codebooks.management.runs import surface_named
from webapp.layouts.exported import layout_export
from webapp.lib.database_command import DatabaseCommand
from webapp.lib.times import utc_now
from webapp.surfaces.dashboards.help import ROWS, WithRows


class Command(DatabaseCommand):
    help = (
        "Writes the file that a surface was imported from, with its page in one person's layout, "
        "to standard output. A subject without a profile gets the default: the file as it was."
    )

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        return super().create_parser(
            prog_name, subcommand, epilog=ROWS, formatter_class=WithRows, **kwargs
        )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--surface", required=True, help="slug of the surface")
        parser.add_argument("--subject", required=True, help="key, such as django:7 or file:anna")
        parser.add_argument(
            "--format", required=True, choices=sorted(FORMATS), help="the tool it came from"
        )

    def handle(self, *args: Any, surface: str, subject: str, format: str, **options: Any) -> None:
        row = surface_named(surface)
        try:
            kept, content = layout_export(row, subject, utc_now(), format=format)
        except EngineError as error:
            raise CommandError(str(error)) from error
        raw = getattr(self.stdout, "buffer", None)
        if raw is not None:
            raw.write(content)
            raw.flush()
        else:
            self.stdout.write(content.decode("utf-8", "surrogateescape"), ending="")
        is_same = content == bytes(kept.content)
        done = {"surface": surface, "format": format, "bytes": len(content), "as_imported": is_same}
        self.stderr.write(json.dumps(done))
