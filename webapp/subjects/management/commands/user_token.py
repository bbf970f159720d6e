"""`manage.py user_token KEY`: a signed token that speaks for one subject."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from webapp.subjects.keys import UnusableKeyError, user_token_make

MOST_DAYS = 3650


class Command(BaseCommand):
    help = "Prints a signed user token. It cannot be taken back: keep its life short."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("key", help="the subject's key, such as django:5 or one of your own")
        parser.add_argument(
            "--days",
            type=int,
            default=settings.UIENGINE_TOKEN_DAYS,
            help="after so many days it is refused",
        )

    def handle(self, *args: Any, key: str, days: int, **options: Any) -> None:
        if not 1 <= days <= MOST_DAYS:
            raise CommandError(f"--days={days} is not understood. Give 1 to {MOST_DAYS}.")
        try:
            self.stdout.write(user_token_make(key=key, now=timezone.now(), days=days))
        except UnusableKeyError as error:
            raise CommandError(f"key: {error}") from error
