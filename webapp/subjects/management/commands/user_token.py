"""`manage.py user_token KEY`: prints a signed token that speaks for one subject, or revokes one."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from webapp.lib.database_command import DatabaseCommand
from webapp.lib.times import utc_now
from webapp.subjects.keys import (
    TOKEN_PREFIX,
    UnusableKeyError,
    user_token_id,
    user_token_make,
    user_token_revoke,
)

MOST_DAYS = 3650


class Command(DatabaseCommand):
    help = "Prints a signed user token, and its id beside it; or takes one token back."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "key", help="the subject's key, such as django:5; with --revoke a token, or its id"
        )
        parser.add_argument(
            "--days",
            type=int,
            default=settings.UIENGINE_TOKEN_DAYS,
            help="after so many days it is refused (%(default)s)",
        )
        parser.add_argument("--revoke", action="store_true", help="refuse this token from now on")

    def handle(self, *args: Any, key: str, days: int, revoke: bool, **options: Any) -> None:
        if revoke:
            self._revoke(key)
            return
        if not 1 <= days <= MOST_DAYS:
            raise CommandError(f"--days={days} is not understood. Give 1 to {MOST_DAYS}.")
        try:
            token = user_token_make(key=key, now=utc_now(), days=days)
        except UnusableKeyError as error:
            raise CommandError(f"key: {error}") from error
        self.stderr.write(f"To take it back: manage.py user_token --revoke {user_token_id(token)}")
        self.stdout.write(token)

    def _revoke(self, text: str) -> None:
        is_token = text.startswith(TOKEN_PREFIX)
        name = user_token_id(text) if is_token else text
        try:
            was_good = user_token_revoke(name or "", now=utc_now())
        except ValueError as error:
            shown = "the token was not signed here" if is_token else str(error)
            raise CommandError(f"key: {shown}. Give a token, or the id shown with it.") from error
        if not was_good:
            raise CommandError(f"key: {name} has expired or was revoked before.")
        self.stdout.write(f"{name} is refused from now on.")
