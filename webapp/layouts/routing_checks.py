"""`manage.py check`: refuses databases that would part our tables or share memory over tenants, and
names tables of ours that a router left behind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.checks import CheckMessage, Error, Warning
from django.db import DatabaseError, connections, router

from webapp.lib import database

SCHEMAS = ("django_tenants", "tenant_schemas", "django_pgschemas")
"""Packages with a schema of PostgreSQL for each tenant."""


def routing_check(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Errors where the host's routers send our tables to several databases."""
    return list(_parted())


def _parted() -> Iterator[CheckMessage]:
    name = database.alias()
    for model in _ours():
        label, app = model._meta.label, model._meta.app_label
        if (other := router.db_for_write(model)) != name:
            yield Error(
                f"{label} is in the database {other!r}, and other tables of ours are in {name!r}: "
                "queries that join them, and transactions over both, cannot work.",
                hint="Let db_for_write of DATABASE_ROUTERS return one database for all our apps: "
                "their labels begin with 'uiengine_'.",
                obj=model,
                id="layouts.E008",
            )
        elif (replica := router.db_for_read(model)) != name:
            yield Error(
                f"{label} is read from {replica!r} and written to {name!r}: what was just written "
                "would be missing, and old layouts would be kept in caches.",
                hint=f"Let db_for_read of DATABASE_ROUTERS return {name!r} for the app {app!r}.",
                obj=model,
                id="layouts.E009",
            )


def stale_check(
    app_configs: Any = None, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Warns of tables of ours in a database that the host's routers send us away from.

    Causes a query: `migrate` asks, and `check --database`.
    """
    found = []
    for name in databases or ():
        tables = _left(name) if name != database.alias() else []
        if tables:
            found.append(_stale(name, tables))
    return found


def _left(name: str) -> list[str]:
    try:
        inside = set(connections[name].introspection.table_names())
    except DatabaseError:  # without the database there is nothing to see
        return []
    return sorted({model._meta.db_table for model in _ours()} & inside)


def _stale(name: str, tables: list[str]) -> CheckMessage:
    listed = ", ".join(tables)
    drop = f"DROP TABLE {listed} CASCADE;"
    if connections[name].vendor == "sqlite":
        each = " ".join(f"DROP TABLE {table};" for table in tables)
        drop = f"PRAGMA foreign_keys=OFF; {each}"
    return Warning(
        f"The database {name!r} has tables of ours that nobody reads, as DATABASE_ROUTERS sends "
        f"them to {database.alias()!r}: {listed}. The keys of their rows forbid deleting a user.",
        hint=f"Move what you want to keep to {database.alias()!r}; then, in manage.py dbshell "
        f"--database {name}: {drop}",
        id="layouts.W007",
    )


def tenants_check(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Errors where each tenant has tables of ours, or users, of its own.

    What a process keeps in memory, and in the cache, is of all its tenants.
    """
    engine = str(settings.DATABASES.get(database.alias(), {}).get("ENGINE", ""))
    if not engine.startswith(SCHEMAS):
        return []
    own = set(getattr(settings, "TENANT_APPS", []))
    needed = [*_apps(_ours()), *_apps([get_user_model()])]
    found = [name for name in dict.fromkeys(needed) if name in own]
    if not found and getattr(settings, "SHARED_APPS", []):
        return []
    return [
        Error(
            f"{', '.join(found) or 'Our apps'}: a schema for each tenant ({engine}) is not "
            "supported. Pages, layouts and tokens in a process's memory are of all its tenants, "
            "and one would be served another's.",
            hint="Put our apps and the users' into SHARED_APPS and none of them into TENANT_APPS, "
            "with a surface for each tenant; or serve each tenant by processes and a cache of "
            "its own.",
            id="layouts.E010",
        )
    ]


def _ours() -> list[Any]:
    models = apps.get_models(include_auto_created=True)
    return [model for model in models if model._meta.app_config.name.startswith("webapp.")]


def _apps(models: list[Any]) -> list[str]:
    """Names of the models' apps as INSTALLED_APPS has them."""
    configs = {model._meta.app_config for model in models}
    written = {_name(entry): entry for entry in settings.INSTALLED_APPS}
    return sorted(written.get(config.name, config.name) for config in configs)


def _name(entry: str) -> str:
    """The app's name; an entry may be the path of its AppConfig."""
    return next((c.name for c in apps.get_app_configs() if _is_named(c, entry)), entry)


def _is_named(config: Any, entry: str) -> bool:
    return entry in (config.name, f"{type(config).__module__}.{type(config).__qualname__}")
