"""`manage.py challenger VERSION --surface S --share 5`: begins or ends a shadow or canary."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from getpass import getuser
from typing import Any

from django.core.management.base import CommandError

from uiengine.errors import EngineError
from webapp.codebooks.gate.rollout import challenger_end, challenger_set
from webapp.codebooks.management.runs import refuse_where_two_decide, surface_named, version_named
from webapp.lib.database_command import DatabaseCommand


class Command(DatabaseCommand):
    help = (
        "Lets a version stand beside the champion: in the shadow (share 0), or serving a share of "
        "the subjects. --end gives all of them back to the champion."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", metavar="VERSION", nargs="?", help="a name, or a start of it")
        parser.add_argument("--surface", required=True, help="slug of the surface")
        parser.add_argument("--share", type=int, default=0, help="percent of subjects; 0: shadow")
        parser.add_argument("--end", action="store_true", help="no challenger any more")
        parser.add_argument("--why", default="", help="kept in the record of moves")

    def handle(
        self, *args: Any, name: str | None, surface: str, share: int, end: bool, **options: Any
    ) -> None:
        row, why = surface_named(surface), options["why"] or "from the command line"
        if not end and not name:
            raise CommandError("VERSION: which one should challenge? Name it, or give --end.")
        try:
            if end:
                challenger_end(surface=row, why=why, by_name=getuser())
            else:
                version = version_named(name or "")
                if share:
                    refuse_where_two_decide(row)
                who = getuser()
                challenger_set(version=version, surface=row, share=share, why=why, by_name=who)
        except EngineError as error:
            raise CommandError(str(error)) from error
        line = {"surface": surface, "challenger": None if end else version.name}
        self.stdout.write(json.dumps({**line, "share": 0 if end else share}))
