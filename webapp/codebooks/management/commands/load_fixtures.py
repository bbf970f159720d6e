"""`manage.py load_fixtures`: loads the repository's surfaces, version and people. Safe to
repeat."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import CommandError

from uiengine.errors import EngineError
from webapp.codebooks.gate.promotion import INNATE_FOLDER, innate_ship, innate_version
from webapp.codebooks.models import Alias
from webapp.codebooks.registry.store import is_whole
from webapp.host import FIXTURES
from webapp.lib.database_command import DatabaseCommand
from webapp.lib.learning_extra import require_learning
from webapp.lib.times import utc_now
from webapp.subjects.imports.jobs import import_file
from webapp.subjects.models import Subject
from webapp.surfaces.models import Surface
from webapp.surfaces.services import surface_save

SIMULATED = Subject.Source.SIMULATED
COHORTS = (
    ("cohort_visits.csv", str(FIXTURES / "cohort_people.csv")),
    ("pages_visits.csv", None),
)
"""Files of simulated visits, each with its file of people."""


class Command(DatabaseCommand):
    help = (
        "Loads the shipped surfaces, innate version and simulated cohort. What is there already, "
        "edited or not, stays as it is; files of the innate version that are missing are copied."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--no-cohort", action="store_true", help="without simulated people")

    def handle(self, *args: Any, no_cohort: bool, **options: Any) -> None:
        if not no_cohort:
            require_learning()
        try:
            surfaces, known = _load_surfaces(), innate_version()
            restored = known is not None and not is_whole(known)
            innate = _load_innate()
            restored = restored and known is not None and is_whole(known)
        except EngineError as error:
            raise CommandError(str(error)) from error
        if restored:
            self.stderr.write(f"The files of {innate} were missing or damaged, and are back.")
        if innate is None:
            self.stderr.write(f"{INNATE_FOLDER} is not there: default layouts until a retrain.")
        done = {} if no_cohort else _load_cohort()
        self._tell_of_missing_files()
        line = {"surfaces": surfaces, "innate": innate, "simulated_people": done.get("subjects", 0)}
        self.stdout.write(json.dumps({**line, "simulated_visits": done.get("visits", 0)}))

    def _tell_of_missing_files(self) -> None:
        """Names trained versions that should serve and have no files, as in a database that was
        restored without them."""
        for alias in Alias.objects.select_related("version", "surface"):
            version = alias.version
            if not is_whole(version):
                self.stderr.write(
                    f"{version.name}, {alias.name} of {alias.surface.slug}, has no files here: "
                    f"restore {version.folder} from the backup, or retrain."
                )


def _load_surfaces() -> list[str]:
    """Loads missing surfaces and returns their slugs."""
    made = []
    for path in sorted((FIXTURES / "surfaces").glob("*.json")):
        data = json.loads(path.read_text(encoding="utf-8"))
        if not Surface.objects.filter(slug=data["slug"]).exists():
            surface_save(data)
            made.append(data["slug"])
    return made


def _load_innate() -> str | None:
    """Loads the innate version and returns its name; None if the repository has none."""
    return innate_ship().name if (INNATE_FOLDER / "manifest.json").is_file() else None


def _load_cohort() -> dict[str, Any]:
    """Loads simulated people once, moved in time so that their last visits were yesterday."""
    if Subject.objects.filter(source=Subject.Source.SIMULATED, key__startswith="file:").exists():
        return {}
    yesterday = (utc_now().date() - timedelta(days=1)).isoformat()
    made = [
        import_file(str(FIXTURES / file), people=people, source=SIMULATED, ending=yesterday)
        for file, people in COHORTS
    ]
    return {name: sum(done[name] for done in made) for name in ("subjects", "visits")}
