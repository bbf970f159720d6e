"""`manage.py server_key create|list|revoke`: manages keys of servers that act for any subject."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from webapp.lib.database_command import DatabaseCommand
from webapp.lib.times import utc_now
from webapp.subjects.keys import server_key_make, server_key_revoke
from webapp.subjects.models import Scope, ServerKey


class Command(DatabaseCommand):
    help = "Makes, lists and revokes keys of servers. Only a hash of a key is kept."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        create = actions.add_parser("create", help="make a key; it is shown once")
        create.add_argument("--name", required=True, help="who will use it")
        create.add_argument(
            "--scope",
            action="append",
            required=True,
            choices=Scope.values,
            help="what it allows; may be given several times",
        )
        actions.add_parser("list", help="all keys, without their secrets")
        revoke = actions.add_parser("revoke", help="refuse a key from now on")
        revoke.add_argument("prefix", help="its prefix, as `list` shows it")

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        if action == "create":
            row, secret = server_key_make(name=options["name"], scopes=options["scope"])
            self.stderr.write(f"Shown once; keep it secret ({', '.join(row.scopes)}):")
            self.stdout.write(secret)
        elif action == "list":
            for row in ServerKey.objects.all():
                state = f"revoked {row.revoked_at:%Y-%m-%d}" if row.revoked_at else "good"
                self.stdout.write(f"{row.prefix}  {state}  {','.join(row.scopes)}  {row.name}")
        else:
            self._revoke(options["prefix"])

    def _revoke(self, prefix: str) -> None:
        found = ServerKey.objects.filter(prefix=prefix).first()
        if found is None:
            raise CommandError(f"prefix: {prefix!r} is unknown. See `manage.py server_key list`.")
        if not server_key_revoke(found, now=utc_now()):
            raise CommandError(f"prefix: {prefix} was revoked on {found.revoked_at:%Y-%m-%d}.")
        self.stdout.write(f"{found.name} ({prefix}) is refused from now on.")
