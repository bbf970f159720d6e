"""Supplies settings that a host project leaves out, when Django starts.

A host project (README, "Add it to a Django project") names our apps and addresses; everything else
here has a default, and the host's own settings always win. `webapp.settings` is the demo's project
and takes these settings from the environment; a test checks that both define equal names.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.utils.translation.reloader import translation_file_changed

from webapp.current_celery import make_default, own_application
from webapp.lib import schedule

HERE = Path(__file__).parent
FIXTURES = next(p for p in (HERE / "shipped", HERE.parent / "fixtures") if p.is_dir())
"""Folder of shipped fixtures: inside an installed package, or beside it in a checkout."""
APPS = (
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "webapp.surfaces",
    "webapp.subjects",
    "webapp.codebooks",
    "webapp.audits",
    "webapp.trials",
    "webapp.privacy",
    "webapp.layouts",
)
"""Apps that INSTALLED_APPS must contain."""
MOVED = {
    "webapp.layouts.refusals.api_problems": "webapp.layouts.errors.middleware.api_problems",
    "webapp.observability.requests.observed": "webapp.telemetry.requests.observed",
    "webapp.observability.probes.answered": "webapp.middleware.probes_answered",
    "webapp.cache.RedisCache": "webapp.lib.cache.RedisCache",
}
"""Former import paths that a host's MIDDLEWARE or CACHES may name, with their replacements."""
DEFAULTS: dict[str, Any] = {
    "UIENGINE_BUDGET": 32,
    "UIENGINE_REFRESH_MS": 500,
    "UIENGINE_THROTTLES": {"layout": 1200, "write": 600, "server_key": 60_000},
    "UIENGINE_BACKLOG": 100_000,
    "UIENGINE_ANSWERS": 10_000,
    "UIENGINE_BOOK_ENTRIES": 256,
    "UIENGINE_DEVICE_COUNTS": False,
    "UIENGINE_TOKEN_DAYS": 30,
    "UIENGINE_EVENT_DAYS": 28,
    "UIENGINE_DEADLINE_MS": 200,
    "UIENGINE_DATABASE_MS": 600,
    "UIENGINE_GATE_PEOPLE": 10_000,
    "UIENGINE_REPLAY_VISITS": 2_000_000,
    "UIENGINE_RETRAIN_VISITS": 200_000,
    "UIENGINE_GATE_CHURN": 0.05,
    "UIENGINE_GATE_CHURN_SLICE": 0.1,
    "UIENGINE_AUDIT_EMAILS": [],
    "UIENGINE_SITE_URL": "",
    "UIENGINE_METRICS_KEY": "",
    "UIENGINE_OTLP_ENDPOINT": "",
}
SOURCES = {
    "UIENGINE_THROTTLES": "THROTTLE_…",
    "UIENGINE_AUDIT_EMAILS": "AUDIT_EMAILS",
    "UIENGINE_SITE_URL": "SITE_URL",
    "UIENGINE_METRICS_KEY": "METRICS_KEY",
    "UIENGINE_OTLP_ENDPOINT": "OTEL_EXPORTER_OTLP_ENDPOINT",
}
"""Environment variables of these settings in `webapp.settings`; others equal the setting's name."""
CELERY = {
    "CELERY_TASK_IGNORE_RESULT": True,
    "CELERY_TASK_PUBLISH_RETRY": False,
    "CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP": True,
    "CELERY_WORKER_PREFETCH_MULTIPLIER": 1,
    "CELERY_TASK_ACKS_LATE": True,
}


def supply() -> None:
    """Adds settings that the host lacks; called once, after all apps are loaded."""
    base = getattr(settings, "BASE_DIR", None)
    missing = {"VAR_DIR": Path(base) / "var"} if base else {}
    has_celery = own_application() is not None  # then its broker and settings are its own
    celery = {} if has_celery else {**CELERY, **_beat()}
    for name, value in {**missing, **DEFAULTS, **celery}.items():
        _default(name, value)
    if str(HERE / "locale") not in map(str, settings.LOCALE_PATHS):
        settings.LOCALE_PATHS = [*settings.LOCALE_PATHS, HERE / "locale"]
        # LANGUAGE_CODE's words were read as the models of auth were, so without ours: again, then
        translation_file_changed(sender=None, file_path=HERE / "locale" / "django.mo")
    if hasattr(settings, "VAR_DIR"):
        _store(Path(settings.VAR_DIR))
        if not has_celery:
            _broker(Path(settings.VAR_DIR))
    make_default()


def _beat() -> dict[str, Any]:
    if schedule.SCHEDULER in settings.INSTALLED_APPS:
        return {"CELERY_BEAT_SCHEDULER": schedule.DATABASE_SCHEDULER}
    return {"CELERY_BEAT_SCHEDULE": schedule.beat_schedule(settings.INSTALLED_APPS)}


def _store(folder: Path) -> None:
    """Stores artefacts under VAR_DIR unless the host says where."""
    if "artefacts" not in settings.STORAGES:
        backend = "django.core.files.storage.FileSystemStorage"
        place = {"BACKEND": backend, "OPTIONS": {"location": folder / "artefacts"}}
        settings.STORAGES = {**settings.STORAGES, "artefacts": place}


def _broker(folder: Path) -> None:
    """Keeps Celery's messages under VAR_DIR where no broker is configured."""
    if getattr(settings, "CELERY_BROKER_URL", ""):
        return
    queue, control = folder / "broker" / "queue", folder / "broker" / "control"
    for path in (queue, control):
        path.mkdir(parents=True, exist_ok=True)
    settings.CELERY_BROKER_URL = "filesystem://"
    settings.CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(queue),
        "data_folder_out": str(queue),
        "control_folder": str(control),
        "polling_interval": 0.1,
    }


def lacking() -> str:
    """Describes errors in INSTALLED_APPS, MIDDLEWARE or CACHES, with the next step; else ""."""
    found = []
    if missing := [name for name in APPS if not apps.is_installed(name)]:
        found.append(f"INSTALLED_APPS lacks {', '.join(map(repr, missing))}. Add what is missing.")
    caches = [str(cache.get("BACKEND", "")) for cache in settings.CACHES.values()]
    for setting, named in (("MIDDLEWARE", settings.MIDDLEWARE), ("CACHES", caches)):
        for old in MOVED.keys() & set(named):
            found.append(f"{setting} names {old!r}, which has moved. Write {MOVED[old]!r}.")
    return " ".join(found)


def _default(name: str, value: object) -> None:
    if not hasattr(settings, name):
        setattr(settings, name, value)
