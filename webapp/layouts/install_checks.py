"""`manage.py check`: reports how the package is installed, and which scheduler runs its tasks."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import WARNING, CheckMessage, Error, Info, Warning
from django.db import router

from uiengine.package_names import NAMES, clash_sentence, way_out
from webapp.lib import schedule


def names_check(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Errors where Python takes a package of the host's for one of ours."""
    return [
        Error(sentence, hint=way_out(name), id="layouts.E006")
        for name in NAMES
        if (sentence := clash_sentence(name))
    ]


def tables_check(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Errors where a model of the host's has the very table of one of ours."""
    models = apps.get_models(include_auto_created=True)
    ours = {(m._meta.db_table, router.db_for_write(m)): m for m in models if _is_ours(m)}
    return [
        Error(
            f"{model._meta.label} ({model.__module__}) and {ours[place]._meta.label} "
            f"({ours[place].__module__}) have one table, {place[0]!r}.",
            hint=f"Give {model._meta.label} another: in its Meta, db_table = "
            f"'{model._meta.app_label}_of_the_host_{model._meta.model_name}'; then manage.py "
            f"makemigrations {model._meta.app_label}, migrate {model._meta.app_label}, migrate.",
            obj=model,
            id="layouts.E007",
        )
        for model in models
        if not _is_ours(model)
        and (place := (model._meta.db_table, router.db_for_write(model))) in ours
    ]


def _is_ours(model: Any) -> bool:
    return str(model._meta.app_config.name).startswith("webapp.")


def worker_refuses(**_: Any) -> None:
    """Ends a worker before it takes a task that it could not do."""
    if found := [sentence for name in NAMES if (sentence := clash_sentence(name))]:
        raise SystemExit(" ".join(found))


def scheduler_check(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Warns if no scheduler reads the configured schedule."""
    return [message for message in _scheduler() if message.level >= WARNING]


def scheduler_named(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Says which of the two schedules is at work: with --deploy, not on every command."""
    return [message for message in _scheduler() if message.level < WARNING]


def _scheduler() -> Iterator[CheckMessage]:
    named = str(getattr(settings, "CELERY_BEAT_SCHEDULER", ""))
    if schedule.SCHEDULER not in settings.INSTALLED_APPS:
        if _reads_rows(named):
            yield Warning(
                f"CELERY_BEAT_SCHEDULER is {named!r}, and its app is not installed: beat fails.",
                hint=f"Add {schedule.SCHEDULER!r} to INSTALLED_APPS (pip install "
                "'uiengine[scheduler]'), or take the setting out.",
                id="layouts.W006",
            )
            return
        yield Info(
            "Celery's own beat takes the schedule from the code (CELERY_BEAT_SCHEDULE).",
            hint=f"For a schedule that an admin can re-time, {_install()} and run migrate.",
            id="layouts.I001",
        )
    elif named and not _reads_rows(named):
        yield Warning(
            f"Beat does not read the schedule in the admin: CELERY_BEAT_SCHEDULER is {named!r}.",
            hint=f"Set CELERY_BEAT_SCHEDULER = {schedule.DATABASE_SCHEDULER!r}, or take "
            f"{schedule.SCHEDULER!r} out of INSTALLED_APPS.",
            id="layouts.W006",
        )
    else:
        yield Info(
            "django-celery-beat drives the schedule: its periodic tasks in the admin.",
            hint=f"Start beat with --scheduler {schedule.DATABASE_SCHEDULER} where its Celery "
            "application does not read CELERY_BEAT_SCHEDULER.",
            id="layouts.I001",
        )


def _reads_rows(named: str) -> bool:
    return named == schedule.DATABASE_SCHEDULER or named.startswith(schedule.SCHEDULER)


def _install() -> str:
    package = "" if find_spec(schedule.SCHEDULER) else "pip install 'uiengine[scheduler]', "
    return f"{package}add {schedule.SCHEDULER!r} to INSTALLED_APPS"
