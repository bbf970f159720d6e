"""A host whose own apps are named as our folders, such as a school with `subjects`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.patience import PATIENCE
from tests.webapp.foreign_host import around, run, site

APPS = ("surfaces", "subjects", "codebooks", "audits", "trials", "layouts", "studio")
HOST = [f'"{app}"' for app in APPS]
BEFORE = f"""
OURS = [app for app in INSTALLED_APPS if app.startswith("webapp.")]
INSTALLED_APPS = [app for app in INSTALLED_APPS if app not in OURS] + [{", ".join(HOST)}]
INSTALLED_APPS += ["django.contrib.admin", "django.contrib.messages"]
ROOT_URLCONF = "mysite.before"
ALLOWED_HOSTS = ["localhost"]
SILENCED_SYSTEM_CHECKS = ["layouts.W003", "layouts.W004", "layouts.W005"]
MIDDLEWARE = ["django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware"]
TEMPLATES[0]["OPTIONS"]["context_processors"] += [
    "django.contrib.auth.context_processors.auth",
    "django.contrib.messages.context_processors.messages"]
"""
WITH_OURS = """
from mysite.settings import *
INSTALLED_APPS = INSTALLED_APPS + OURS + ["webapp.studio"]
MIDDLEWARE = ["webapp.layouts.errors.middleware.api_problems", *MIDDLEWARE]
ROOT_URLCONF = "mysite.urls"
"""
URLS = """
from django.urls import include, path
urlpatterns = [path("api/", include("webapp.layouts.urls")),
    path("layouts/", include("layouts.urls")), path("studio/", include("webapp.studio.urls"))]
"""
OWN_URLS = """
from django.http import HttpResponse
from django.urls import path
app_name = "layouts"
urlpatterns = [path("own", lambda request: HttpResponse("own"), name="layout")]
"""
MODELS = """
from django.db import models
class {model}(models.Model):
    name = models.CharField(max_length=50)
    class Meta:
        db_table = "{table}"
"""
LIFE = """
import json, django
django.setup()
from django.apps import apps
from django.test import Client
from django.urls import reverse
for app in {apps}:
    model = next(apps.get_app_config(app).get_models())
    model.objects.create(name="ours")
from webapp.surfaces.models import Surface
page = Client().get("/api/layout?surface=course-home", HTTP_HOST="localhost").json()
print(json.dumps({{"order": page["order"], "own": reverse("layouts:layout"),
    "counts": [next(apps.get_app_config(app).get_models()).objects.count() for app in {apps}]}}))
"""


def host(folder: Path, table: str = "of_{app}") -> Path:
    """Writes a host whose apps have a model by the name of one of ours, and a table `table`."""
    site(folder, settings=BEFORE, urls=URLS, before="urlpatterns = []", both=WITH_OURS)
    for app in APPS:
        package = folder / app
        (package / "migrations").mkdir(parents=True)
        for name in ("__init__", "migrations/__init__"):
            (package / f"{name}.py").write_text("")
        named = table.format(app=app)
        (package / "models.py").write_text(MODELS.format(model=app.title()[:-1], table=named))
    (folder / "layouts" / "urls.py").write_text(OWN_URLS)
    return folder


def both(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    place = around(folder)
    place["env"] |= {"DJANGO_SETTINGS_MODULE": "mysite.both"}
    return subprocess.run(
        [sys.executable, *command], **place, capture_output=True, timeout=PATIENCE
    )


def test_apps_of_the_same_names_live_beside_ours(tmp_path):
    folder = host(tmp_path)
    run(folder, "-m", "django", "makemigrations", *APPS, "--verbosity", "0")
    run(folder, "-m", "django", "migrate", "--verbosity", "0")  # records `subjects.0001_initial`

    for command in (
        "check --fail-level WARNING",
        "migrate -v 0",
        "migrate --check",
        "load_fixtures --no-cohort",
    ):
        done = both(folder, "-m", "django", *command.split())
        assert done.returncode == 0, done.stderr
    done = both(folder, "-c", LIFE.format(apps=APPS))

    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["counts"] == 7 * [1] and found["own"] == "/layouts/own"
    assert "forum" in found["order"]


def test_a_table_of_both_is_named_with_the_way_out(tmp_path):
    folder = host(tmp_path)
    model = folder / "subjects" / "models.py"
    model.write_text(model.read_text().replace("of_subjects", "subjects_subject"))
    run(folder, "-m", "django", "makemigrations", *APPS, "--verbosity", "0")
    run(folder, "-m", "django", "migrate", "--verbosity", "0")

    refused = both(folder, "-m", "django", "check")

    assert refused.returncode == 1 and "layouts.E007" in refused.stderr
    assert "subjects.Subject (subjects.models) and uiengine_subjects.Subject" in refused.stderr
    assert "db_table = 'subjects_of_the_host_subject'" in refused.stderr

    model.write_text(model.read_text().replace("subjects_subject", "subjects_of_the_host_subject"))
    for command in ("makemigrations subjects", "migrate subjects", "migrate"):
        done = both(folder, "-m", "django", *command.split())
        assert done.returncode == 0, done.stderr
