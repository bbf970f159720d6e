"""`manage.py rollback --surface S`: returns to the previous champion."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from getpass import getuser
from typing import Any

from django.core.management.base import CommandError

from uiengine.errors import EngineError
from webapp.codebooks.gate.promotion import champion_return
from webapp.codebooks.management.runs import surface_named
from webapp.lib.database_command import DatabaseCommand


class Command(DatabaseCommand):
    help = (
        "Gives a surface back to the version that served before the present champion, and prints "
        "both. A version that was rolled back from is passed over until it is promoted again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--surface", required=True, help="slug of the surface")
        parser.add_argument("--why", default="", help="kept in the record of moves")

    def handle(self, *args: Any, surface: str, why: str, **options: Any) -> None:
        row = surface_named(surface)
        try:
            move = champion_return(
                surface=row, why=why or "rolled back from the command line", by_name=getuser()
            )
        except EngineError as error:
            raise CommandError(str(error)) from error
        assert move.after is not None
        before = move.before.name if move.before else None
        line = {"surface": surface, "from": before, "champion": move.after.name}
        self.stdout.write(json.dumps(line))
