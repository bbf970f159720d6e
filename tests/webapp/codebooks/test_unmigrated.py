"""Commands name what a database lacks: migrations, or files of the versions in it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.files.storage import storages
from django.core.management import call_command, get_commands

from webapp.codebooks.models import Alias

ROOT = Path(__file__).parents[3]
READ_FIRST = {"import_events", "import_surface", "map_events"}
"""Commands that read a file before the database."""
BARE = {"catalogue", "configuration", "demo", "event_months", "verify_evidence", *READ_FIRST}
"""Commands that need no table, or make them; months are PostgreSQL's alone."""
ARGUMENTS = {
    "audit": ["--surface", "x"],
    "challenger": ["x", "--surface", "x"],
    "evidence": ["x", "--surface", "x", "--out", "x.zip"],
    "export_decisions": ["--surface", "x", "--log", "x.jsonl"],
    "export_layout": ["--surface", "x", "--subject", "x", "--format", "gridstack"],
    "import_visits": [str(ROOT / "fixtures" / "cohort_visits.csv")],
    "judge": ["x", "--surface", "x"],
    "plan_trial": ["--surface", "x", "--effect", "10"],
    "promote": ["x"],
    "refresh": ["--surface", "x"],
    "rehearse": ["--surface", "x"],
    "retrain": ["--surface", "x"],
    "rollback": ["--surface", "x"],
    "server_key": ["list"],
    "user_token": ["shop:1234"],
}
TRY_ALL = """
import json, sys
import django; django.setup()
from django.core.management import CommandError, call_command
said = {}
for name, arguments in json.loads(sys.argv[1]).items():
    try:
        call_command(name, *arguments)
        said[name] = "nothing"
    except CommandError as error:
        said[name] = str(error)
    except BaseException as error:
        said[name] = f"{type(error).__name__}: {error}"
print(json.dumps(said))
"""


@pytest.mark.django_db
def test_what_it_cannot_bring_back_is_named(version, course, capsys):
    Alias.objects.create(surface=course, name="champion", version=version)
    shutil.rmtree(storages["artefacts"].path(version.folder))

    call_command("load_fixtures", "--no-cohort")

    said = capsys.readouterr().err
    assert "course-home-1, champion of course-home, has no files here" in said
    assert "innate" not in said


def test_every_command_says_that_migrations_are_missing(tmp_path):
    ours = sorted(name for name, app in get_commands().items() if str(app).startswith("webapp."))
    tried = {name: ARGUMENTS.get(name, []) for name in ours if name not in BARE}
    others = ("DATABASE_URL", "REDIS_URL", "BROKER_URL", "SECRET_KEY")
    environment = {name: value for name, value in os.environ.items() if name not in others}
    done = subprocess.run(
        [sys.executable, "-c", TRY_ALL, json.dumps(tried)],
        cwd=ROOT,
        env={**environment, "VAR_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "webapp.settings"},
        capture_output=True,
        text=True,
    )

    said = json.loads(done.stdout.splitlines()[-1])
    assert set(said) == set(tried) and len(said) >= 14
    silent = {n: text for n, text in said.items() if not text.endswith("Run: manage.py migrate")}
    assert silent == {}
