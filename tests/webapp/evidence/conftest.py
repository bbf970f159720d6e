"""Fixtures: a version that was judged and audited on the simulated course."""

from __future__ import annotations

import pytest

from tests.webapp.codebooks.conftest import (  # noqa: F401
    cohort,
    course,
    trained,
    var,
    version,
)


@pytest.fixture
def bundle(version, course, tmp_path):  # noqa: F811
    """A written bundle; judged, audited and promoted."""
    from django.core.management import call_command

    from tests.webapp.audits.conftest import row
    from tests.webapp.codebooks.conftest import judged
    from webapp.audits.models import AuditReport
    from webapp.codebooks.registry.aliases import alias_move

    judged(version, course)
    report = {"verdict": "within", "slices": [row("within", "Y"), row("within", "N", -0.01)]}
    AuditReport.objects.create(
        surface=course, version=version, verdict="within", report=report, html="<h1>Audit</h1>"
    )
    alias_move(surface=course, version=version, why="a test", by_name="Ada")
    alias_move(surface=other_page(), version=version, why="not to be told", by_name="Eve")
    path = tmp_path / "bundle.zip"
    call_command("evidence", version.name, surface=course.slug, out=path)
    return path


def other_page():
    from tests.webapp.codebooks.conftest import COURSE
    from webapp.surfaces.services import surface_save

    return surface_save({**COURSE, "slug": "another-course"})
