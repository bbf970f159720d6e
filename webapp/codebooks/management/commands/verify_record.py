"""`manage.py verify_record`: checks that the record of promotions and rollbacks is unchanged."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from webapp.codebooks.registry.move_record import chain_check
from webapp.lib.database_command import DatabaseCommand


class Command(DatabaseCommand):
    help = (
        "Walks the chain of the record and compares it with the aliases. Note the head somewhere "
        "else, and give it next time: then rows taken off the end are found as well."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--head", default="", help="a head that was printed earlier")

    def handle(self, *args: Any, head: str, **options: Any) -> None:
        found = chain_check(head)
        for problem in found.problems:
            self.stderr.write(problem)
        line = {"rows": found.rows, "head": found.head, "is_whole": not found.problems}
        self.stdout.write(json.dumps(line))
        if found.problems:
            raise CommandError(
                f"the record was tampered with in {len(found.problems)} place(s), named above. "
                "Compare it with a backup."
            )
