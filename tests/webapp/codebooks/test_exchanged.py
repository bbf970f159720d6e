"""A network that was replaced together with its hash is never opened."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

import webapp
from uiengine.errors import VersionError
from webapp.codebooks.gate.promotion import INNATE_FOLDER
from webapp.codebooks.models import CodebookVersion, Run
from webapp.codebooks.pipeline.steps import step_run
from webapp.codebooks.registry import artefacts
from webapp.studio.choices import version_ready

pytestmark = pytest.mark.django_db

REFUSED = "is not the one that the version was registered with"
WEBAPP = Path(webapp.__file__).parent


@pytest.fixture
def exchanged(version) -> CodebookVersion:
    """Replaces a network and its hash in the manifest, as an attacker with write access could.

    The folder is consistent in itself.
    """
    folder = artefacts.local(version.folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    other = (INNATE_FOLDER / "encoder.onnx").read_bytes() + b" "
    (folder / "encoder.onnx").write_bytes(other)
    manifest["files"]["encoder.onnx"] = hashlib.sha256(other).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return version


def test_the_studio_says_why_it_opens_none(exchanged):
    ready = version_ready(exchanged)

    assert ready.loaded is None and REFUSED in ready.refusal


def test_an_audit_of_it_fails_and_says_why(exchanged, cohort):
    run = Run.objects.create(kind=Run.Kind.AUDIT, surface=cohort, version=exchanged, key="k")

    with pytest.raises(VersionError, match=REFUSED):
        step_run(run.pk)

    run.refresh_from_db()
    assert run.state == Run.State.FAILED and REFUSED in run.error


def test_what_it_would_have_served_is_not_exported(exchanged, tmp_path):
    files = (f"--log={tmp_path / 'log'}", f"--target={tmp_path / 'target'}")

    with pytest.raises(CommandError, match=REFUSED):
        call_command(
            "export_decisions", "--surface=course-home", f"--against={exchanged.name}", *files
        )


def test_versions_are_opened_by_one_module_that_compares():
    """Outside `artefacts`, only a folder that is about to be registered is opened directly, and one
    that was unpacked from an evidence bundle after its check."""
    doors = re.compile(r"load_version\(|artefacts\.local\(|InferenceSession")
    found = {
        str(path.relative_to(WEBAPP))
        for path in WEBAPP.rglob("*.py")
        if doors.search(path.read_text())
    }

    assert found - {"studio/loaded.py"} == {
        "codebooks/registry/artefacts.py",
        "codebooks/registry/aliases.py",
        "evidence/jobs.py",
    }
    assert "artefacts.registered(" in (WEBAPP / "studio/loaded.py").read_text()
