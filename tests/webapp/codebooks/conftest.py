"""Fixtures: a temporary artefact store, a surface with simulated visits, and trained versions."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from webapp.codebooks.gate.promotion import INNATE_FOLDER
from webapp.codebooks.models import Alias, GateReport
from webapp.codebooks.registry.store import version_store
from webapp.subjects.imports.jobs import import_file
from webapp.subjects.models import Subject
from webapp.surfaces.models import Surface
from webapp.surfaces.services import surface_save

FIXTURES = Path(__file__).parents[3] / "fixtures"
GROUPED = json.loads((FIXTURES / "surfaces" / "course_home.json").read_text())
COURSE = {**GROUPED, "groups": [], "blocks": [{**b, "group": ""} for b in GROUPED["blocks"]]}
"""The course's page without its groups, so that any block may move anywhere."""
VISITS, PEOPLE = FIXTURES / "cohort_visits.csv", FIXTURES / "cohort_people.csv"


@pytest.fixture(autouse=True)
def var(settings, tmp_path):
    """Redirects all files of a test to a temporary folder."""
    settings.VAR_DIR = tmp_path
    artefacts = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": tmp_path / "artefacts"},
    }
    settings.STORAGES = {**settings.STORAGES, "artefacts": artefacts}
    return tmp_path


@pytest.fixture
def course(db) -> Surface:
    return surface_save(COURSE)


@pytest.fixture
def cohort(course) -> Surface:
    """The course with its simulated people."""
    import_file(str(VISITS), people=str(PEOPLE), source=Subject.Source.SIMULATED)
    return course


@pytest.fixture(scope="session")
def trained(tmp_path_factory) -> Path:
    """A version folder for the course: the shipped networks under another manifest."""
    into = tmp_path_factory.mktemp("trained") / "version"
    return variant(INNATE_FOLDER, into, "dddddddddddd", ["course-home"])


def variant(folder: Path, into: Path, name: str, surfaces: list[str]) -> Path:
    """Copies a version's files under another manifest, as if trained for other surfaces."""
    shutil.copytree(folder, into)
    manifest = json.loads((folder / "manifest.json").read_text())
    changed = {**manifest, "id": name, "surfaces": surfaces}
    (into / "manifest.json").write_text(json.dumps(changed))
    return into


@pytest.fixture
def innate(trained, tmp_path) -> Path:
    return variant(trained, tmp_path / "innate", "aaaaaaaaaaaa", [])


@pytest.fixture
def version(trained, course):
    """A version that is stored and trained for the course, but serves nobody."""
    return version_store(folder=trained, name="course-home-1", surfaces=[course])[0]


def judged(version, surface, verdict="passed", condition="energy") -> GateReport:
    """Stores a gate report against the current champion; one condition has the given verdict."""
    names = tuple(dict.fromkeys(("parity", "energy", "guardrails", condition)))
    verdicts = {name: verdict if name == condition else "passed" for name in names}
    champion = Alias.objects.filter(surface=surface, name="champion").first()
    return GateReport.objects.create(
        surface=surface,
        version=version,
        champion=champion.version if champion else None,
        verdict=verdict,
        revision=surface.revision,
        conditions=[
            {"name": n, "verdict": v, "figure": 0.0, "limit": 0, "unit": "", "text": f"{n} {v}"}
            for n, v in verdicts.items()
        ],
    )
