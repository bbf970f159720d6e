"""`manage.py check`: reports missing settings of a host project, with the lines to add."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.core.files.storage import InvalidStorageError, storages
from django.urls import NoReverseMatch, reverse

from webapp.lib import database

CONTEXT = "django.template.context_processors.request"
MIDDLEWARE = {
    "django.contrib.sessions.middleware.SessionMiddleware": "signed-in users are nobody",
    "django.contrib.auth.middleware.AuthenticationMiddleware": "signed-in users are nobody",
    "django.middleware.csrf.CsrfViewMiddleware": "what users ask for (pin, undo, …) is refused",
    "webapp.layouts.errors.middleware.api_problems": "errors of the API are HTML, and shared "
    "caches may keep a person's page",
}


def host_check(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    return [*_addresses(), *_templates(), *_middleware(), *_storage(), *_production()]


def _addresses() -> Iterator[CheckMessage]:
    try:
        reverse("uiengine_layouts:layout")
    except NoReverseMatch:
        yield Error(
            "The API has no address: the client cannot ask for layouts.",
            hint='Add path("api/", include("webapp.layouts.urls")) to the urlpatterns of '
            f"{settings.ROOT_URLCONF}.",
            id="layouts.E001",
        )


def _templates() -> Iterator[CheckMessage]:
    engines: list[dict[str, Any]] = [
        dict(t) for t in settings.TEMPLATES if str(t["BACKEND"]).endswith("DjangoTemplates")
    ]
    if not any(CONTEXT in t.get("OPTIONS", {}).get("context_processors", ()) for t in engines):
        yield Error(
            "{% adaptive_layout %} does not see the request, so it cannot tell who asks.",
            hint=f"Add {CONTEXT!r} to TEMPLATES[…]['OPTIONS']['context_processors'].",
            id="layouts.E002",
        )
    if not any(t.get("APP_DIRS") or "loaders" in t.get("OPTIONS", {}) for t in engines):
        yield Error(
            "The templates of {% adaptive_layout %} are not found.",
            hint="Set 'APP_DIRS': True in TEMPLATES.",
            id="layouts.E003",
        )


def _middleware() -> Iterator[CheckMessage]:
    for name, harm in MIDDLEWARE.items():
        if name not in settings.MIDDLEWARE:
            hint = f"Add {name!r} to MIDDLEWARE."
            yield Warning(f"Without it, {harm}.", hint=hint, id="layouts.W001")


def _storage() -> Iterator[CheckMessage]:
    if not hasattr(settings, "VAR_DIR"):
        yield Error(
            "There is no place for codebook versions.",
            hint="Set VAR_DIR (or BASE_DIR) to a folder that this process may write to.",
            id="layouts.E004",
        )
    try:
        _ = storages["artefacts"]
    except (InvalidStorageError, TypeError) as error:
        yield Error(
            f"The storage of codebook versions cannot be made: {error}",
            hint="Correct ARTEFACTS_STORAGE or STORAGES['artefacts'].",
            id="layouts.E005",
        )
    name = database.alias()
    ours = settings.DATABASES.get(name, {})
    mode = ours.get("OPTIONS", {}).get("transaction_mode")
    if ours.get("ENGINE", "").endswith("sqlite3") and mode != "IMMEDIATE":
        yield Warning(
            "SQLite refuses a second writer at once: events sent together may be refused.",
            hint=f"Set DATABASES[{name!r}]['OPTIONS'] = {{'transaction_mode': 'IMMEDIATE', "
            "'timeout': 20}, or use PostgreSQL.",
            id="layouts.W002",
        )


def _production() -> Iterator[CheckMessage]:
    """Warns of settings that suit development, but not a server with DEBUG off."""
    if settings.DEBUG:
        return
    if str(settings.CACHES["default"]["BACKEND"]).endswith(("LocMemCache", "DummyCache")):
        yield Warning(
            "Each process has a cache of its own: changes are seen by others within a minute.",
            hint="Set CACHES['default'] to Redis where several processes serve.",
            id="layouts.W003",
        )
    if str(getattr(settings, "CELERY_BROKER_URL", "")).startswith("filesystem"):
        yield Warning(
            "Celery's messages are files on this machine.",
            hint="Set CELERY_BROKER_URL to Redis or RabbitMQ where workers run elsewhere.",
            id="layouts.W004",
        )
    if len(settings.SECRET_KEY) < 32 or settings.SECRET_KEY.startswith(
        ("django-insecure-", "insecure-")
    ):
        yield Warning(
            "Decisions and user tokens are signed with a SECRET_KEY that can be guessed.",
            hint="Set SECRET_KEY to at least 50 random characters, and keep it secret.",
            id="layouts.W005",
        )
