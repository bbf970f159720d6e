"""`manage.py map_events PATH…`: writes a first map of an export for `import_events`."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from webapp.lib.database_command import DatabaseCommand
from webapp.lib.learning_extra import require_learning
from webapp.subjects.imports.events.jobs import EVENT_FORMATS, event_map
from webapp.surfaces.models import Surface


class Command(DatabaseCommand):
    help = (
        "Looks at an analytics tool's export and writes a first map: which events there are, how "
        "often, and which of their properties name blocks of your surfaces. Changes nothing else."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("paths", nargs="+", metavar="PATH", help="files or folders")
        parser.add_argument("--format", required=True, choices=EVENT_FORMATS, help="whose export")
        parser.add_argument("--out", metavar="MAP.toml", help="a new file; default: the terminal")

    def handle(self, *args: Any, paths: list[str], **options: Any) -> None:
        require_learning()
        out = options["out"]
        if out and Path(out).exists():
            raise CommandError(f"--out {out} exists already; give another name or remove it")
        if out and not Path(out).parent.is_dir():
            raise CommandError(f"--out: {Path(out).parent} is no folder. Make it, or name another.")
        try:
            text = event_map(paths, options["format"])
        except ValueError as error:  # ml.data.DataError, which must not be imported here
            raise CommandError(str(error)) from error
        rules = text.count("\n[[rule]]\n")
        if out:
            Path(out).write_text(text, encoding="utf-8")
            self.stdout.write(f"{out}: {rules} rule(s). Read it before you use it.")
        else:
            self.stdout.write(text)
        if not rules:
            self.stderr.write(self._without_rules())

    def _without_rules(self) -> str:
        known = ", ".join(Surface.objects.order_by("slug").values_list("slug", flat=True))
        if not known:
            return (
                "There is no surface yet, so no block either. Make one in the admin, of a tool's "
                "file (manage.py import_surface) or in Python (manage.py load_surfaces), and look "
                "again."
            )
        return (
            f"No property's values are ids or titles of blocks of {known}. Write a [[rule]] by "
            "hand, with `blocks` that say which value means which block: the comments show the "
            "values, and the end of `manage.py import_events --help` a rule."
        )
