"""`manage.py catalogue`: every metric and every log event, from the code."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from webapp.observability.catalogue import as_markdown


class Command(BaseCommand):
    help = "Prints, as Markdown, every metric of /metrics and every event that is logged."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(as_markdown(), ending="")
