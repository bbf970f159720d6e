"""The API and the client; what a host project lacks is said when Django starts."""

from __future__ import annotations

from django.apps import AppConfig, apps
from django.core import checks
from django.core.exceptions import ImproperlyConfigured

from webapp import host


class LayoutsConfig(AppConfig):
    name = "webapp.layouts"

    def ready(self) -> None:
        from .checks import host_check

        if missing := [name for name in host.APPS if not apps.is_installed(name)]:
            raise ImproperlyConfigured(
                f"INSTALLED_APPS lacks {', '.join(map(repr, missing))}. Add what is missing."
            )
        host.supply()
        checks.register(host_check)
