"""`manage.py import_events PATH…`: imports the events of an analytics tool's export."""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from typing import Any

from django.core.management.base import CommandError

from webapp.lib.database_command import DatabaseCommand
from webapp.lib.learning_extra import require_learning
from webapp.lib.terminal import progress_bar
from webapp.lib.zone_argument import HELP as ZONE_HELP
from webapp.lib.zone_argument import zone_named
from webapp.subjects.imports.events.jobs import EVENT_FORMATS, import_events
from webapp.subjects.imports.key_table import new_keys_said
from webapp.subjects.imports.parts.life import STOPPED, FailedImportError

ROW = """
A row, here of Segment's JSON lines:
  {"type": "track", "event": "page_click", "messageId": "ajs-1", "anonymousId": "a1",
   "userId": "u1", "timestamp": "2026-05-04T09:30:00Z", "properties": {"section": "Forum"}}
and a rule of the map that makes it a use of the block forum on the page home:
  [[rule]]
  event = "page_click"
  kind = "use"
  surface = "home"
  block = "properties.section"
  blocks = { "Forum" = "forum" }
`manage.py map_events PATH --format FORMAT` writes a first map from a file.
"""
NO_USE = (
    "None of them is a use, and impressions and dismissals alone make no visit: give the map a "
    '[[rule]] with kind = "use".'
)


class Command(DatabaseCommand):
    help = (
        "Imports events that an analytics tool exported: JSON (lines or an array), CSV, TSV or "
        "Parquet, also in gzip or zip; files or folders. People become subjects file:<id>; ids "
        "that are tied to a user become one person. Importing again changes nothing. Above 100,000 "
        "events it is stored in parts, on PostgreSQL by all workers that run; killed, it leaves "
        "whole parts: run the same command again. An import by whose ties events that were stored "
        "earlier become another person's is one transaction."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.epilog = ROW
        parser.add_argument("paths", nargs="+", metavar="PATH", help="files or folders")
        parser.add_argument("--format", required=True, choices=EVENT_FORMATS, help="whose export")
        parser.add_argument("--map", required=True, metavar="MAP.toml", help="what events mean")
        parser.add_argument(
            "--keys",
            metavar="KEYS.csv",
            help="ids of the files who are subjects already: columns user and key, such as "
            "django:5; others become file:<id>. Later imports know them without it",
        )
        parser.add_argument("--zone", type=zone_named, metavar="ZONE", help=ZONE_HELP)
        parser.add_argument("--dry-run", action="store_true", help="report, and change nothing")

    def handle(self, *args: Any, paths: list[str], **options: Any) -> None:
        require_learning()
        begin = time.perf_counter()
        with progress_bar("import") as show:
            try:
                done = import_events(
                    paths,
                    options["format"],
                    options["map"],
                    keys=options["keys"],
                    dry_run=options["dry_run"],
                    zone=options["zone"] or "",
                    progress=show,
                )
            except ValueError as error:  # ml.data.DataError, which must not be imported here
                raise CommandError(f"{error}\nNothing was imported.") from error
            except FailedImportError as error:
                raise CommandError(str(error)) from error
            except KeyboardInterrupt as error:
                raise CommandError(STOPPED, returncode=130) from error
        self._tell(done)
        self.stdout.write(json.dumps({**done, "seconds": round(time.perf_counter() - begin, 1)}))

    def _tell(self, done: dict[str, Any]) -> None:
        """The report in words: what was mapped, and why the rest was left out."""
        mapped = ", ".join(f"{n:,} as {kind}" for kind, n in done["mapped"].items()) or "none"
        self.stdout.write(f"Of {done['read']:,} events were mapped: {mapped}.")
        for reason, number in done["reasons"].items():
            self.stdout.write(f"  left out {number:,}: {reason}")
        for slip in done["unused"]:
            self.stdout.write(f"  of the map, {slip}. Mistyped?")
        if done["new_keys"]:
            self.stdout.write(new_keys_said(done["new_keys"]))
        if not done["mapped"]:
            self.stdout.write("The files hold nothing but who is whom, which was kept.")
        elif "use" not in done["mapped"]:
            self.stdout.write(NO_USE)
        elif done["known_visits"] and not (done["visits"] or done["uses"]):
            self.stdout.write("All of it was imported before: no visit is new.")
        if done["dry_run"]:
            self.stdout.write("This was a dry run: nothing was changed.")
        elif done["visits"]:
            self.stdout.write("Next: manage.py rehearse --surface SLUG says whether it would pay.")
