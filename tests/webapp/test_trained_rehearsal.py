"""A rehearsal that trains a version of its own, which takes as long as all others together.

It is no file of `tests/webapp/trials`, which CI runs on PostgreSQL once more.
"""

from __future__ import annotations

import pytest
from django.core.management import call_command

from tests.webapp.trials.test_rehearsal import past, serving  # noqa: F401 - a fixture
from webapp.codebooks.gate.promotion import innate_version
from webapp.trials.models import Rehearsal

pytestmark = pytest.mark.django_db


def test_a_version_may_be_trained_for_it_alone(past, settings):  # noqa: F811 - the fixture
    before = serving()

    call_command("rehearse", surface="course-home", train=True, smoke=True)

    found = Rehearsal.objects.get()
    assert found.version is None and found.figures["trained"]
    assert found.figures["version"] != innate_version().manifest["id"]
    assert serving() == before
    assert list((settings.VAR_DIR / "runs").iterdir()) == []  # its folder is gone
