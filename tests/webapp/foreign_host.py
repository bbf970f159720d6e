"""A Django project of a stranger's, as few files as it needs, in which our apps are installed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.patience import PATIENCE

ROOT = Path(__file__).parents[2]
SETTINGS = """
from pathlib import Path
BASE_DIR = Path(__file__).parents[1]
SECRET_KEY = "a secret of the host's"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ROOT_URLCONF = "mysite.urls"
STATIC_URL = "static/"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": BASE_DIR / "db.sqlite3",
    "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 20}}}
INSTALLED_APPS = [
    "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions",
    "django.contrib.staticfiles", "rest_framework", "drf_spectacular", "uiengine",
    "webapp.surfaces", "webapp.subjects", "webapp.codebooks", "webapp.audits", "webapp.trials",
    "webapp.privacy", "webapp.layouts",
]
MIDDLEWARE = []
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True,
    "OPTIONS": {"context_processors": ["django.template.context_processors.request"]}}]
"""
URLS = """
from django.urls import include, path
urlpatterns = [path("api/", include("webapp.layouts.urls"))]
"""


def site(folder: Path, **more: str) -> Path:
    """Writes the project `mysite`. more: its modules by name; `settings` is added to ours."""
    package = folder / "mysite"
    package.mkdir()
    settings = SETTINGS + more.pop("settings", "")
    for name, text in {"__init__": "", "settings": settings, "urls": URLS, **more}.items():
        (package / f"{name}.py").write_text(text)
    return folder


def run(host: Path, *command: str) -> str:
    done = subprocess.run(
        [sys.executable, *command], **around(host), capture_output=True, timeout=PATIENCE
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def around(host: Path) -> dict[str, Any]:
    path = f"{host}{os.pathsep}{ROOT}"
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    environment = {**kept, "PYTHONPATH": path, "DJANGO_SETTINGS_MODULE": "mysite.settings"}
    return {"cwd": host, "env": environment, "text": True}
