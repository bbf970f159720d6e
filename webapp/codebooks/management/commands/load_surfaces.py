"""`manage.py load_surfaces`: loads the surfaces that apps declare in `surfaces.py`."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import CommandError

from uiengine.errors import EngineError
from webapp.codebooks.gate.promotion import innate_ship
from webapp.lib import database
from webapp.lib.database_command import DatabaseCommand
from webapp.surfaces.declared import declaration_check, declarations
from webapp.surfaces.models import Surface
from webapp.surfaces.services import surface_save

NOTHING = (
    "No installed app has a surfaces.py with a list SURFACES. Declare a page there, or add one in "
    "the admin."
)


class Command(DatabaseCommand):
    help = (
        "Loads the surfaces that installed apps declare in surfaces.py. A declaration that changed "
        "since the last time replaces what is there; all are loaded, or none. Safe to repeat."
    )

    @database.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        before = dict(Surface.objects.values_list("slug", "revision"))
        loaded: dict[str, str] = {}
        for module, declared in declarations():
            try:
                declaration_check(declared)
                saved = surface_save(declared)
            except EngineError as error:
                raise CommandError(f"{module}: {error}") from error
            was = before.get(saved.slug)
            is_changed = was is not None and was != saved.revision
            loaded[saved.slug] = "new" if was is None else "changed" if is_changed else "unchanged"
        if not loaded:
            raise CommandError(NOTHING)
        innate = innate_ship()
        self.stdout.write(json.dumps({"surfaces": loaded, "version": innate.name}))
