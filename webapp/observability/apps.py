"""Names the app of metrics and health checks."""

from __future__ import annotations

from django.apps import AppConfig


class ObservabilityConfig(AppConfig):
    name = "webapp.observability"
    label = "uiengine_observability"
    verbose_name = "Observability"
