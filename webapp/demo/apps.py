"""Names the demo."""

from __future__ import annotations

from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "webapp.demo"
    label = "uiengine_demo"
    verbose_name = "Demo"
