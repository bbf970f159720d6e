"""The API and the client; when Django starts, missing settings of the host are reported."""

from __future__ import annotations

import logging

from celery.signals import worker_init
from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import got_request_exception

from webapp import host
from webapp.lib import schedule_rows
from webapp.telemetry import requests

log = logging.getLogger(__name__)


class LayoutsConfig(AppConfig):
    name = "webapp.layouts"
    label = "uiengine_layouts"
    verbose_name = "Layouts"

    def ready(self) -> None:
        from webapp.layouts.checks import host_check
        from webapp.layouts.errors.middleware import note_raised
        from webapp.layouts.install_checks import (
            names_check,
            scheduler_check,
            scheduler_named,
            tables_check,
            worker_refuses,
        )
        from webapp.layouts.routing_checks import routing_check, stale_check, tenants_check

        if problem := host.lacking():
            raise ImproperlyConfigured(problem)
        host.supply()
        got_request_exception.connect(note_raised, dispatch_uid="layouts.raised")
        requests.connect_tasks()
        schedule_rows.connect()
        checks.register(host_check)
        checks.register(names_check)
        checks.register(tables_check)
        checks.register(routing_check)
        checks.register(tenants_check)
        checks.register(stale_check, checks.Tags.database)
        checks.register(scheduler_check)
        worker_init.connect(worker_refuses, weak=False, dispatch_uid="layouts.names")
        checks.register(scheduler_named, deploy=True)
        if settings.UIENGINE_OTLP_ENDPOINT:
            _trace(settings.UIENGINE_OTLP_ENDPOINT)


def _trace(endpoint: str) -> None:
    """Starts tracing. Missing packages are only logged, as the endpoint may be a machine-wide
    variable."""
    try:
        from webapp.telemetry import tracing
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("opentelemetry"):
            raise
        log.warning("tracing.not_installed %s is missing: install 'uiengine[otel]'", error.name)
    else:
        tracing.start(endpoint)
