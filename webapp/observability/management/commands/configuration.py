"""`manage.py configuration`: every environment variable and setting, from the code."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from django.core.management.base import BaseCommand

from webapp import configuration, host

READERS = ("webapp.settings", "webapp.telemetry.metrics", "webapp.processes")
"""Modules that read variables on import."""


class Command(BaseCommand):
    help = "Prints, as Markdown, every environment variable, and every setting of host projects."

    def handle(self, *args: Any, **options: Any) -> None:
        for name in READERS:
            import_module(name)
        self.stdout.write("**Environment variables**\n\n" + configuration.variables_table())
        self.stdout.write("**Settings of a host project**\n\n", ending="")
        self.stdout.write(configuration.settings_table(host.DEFAULTS, host.SOURCES), ending="")
