"""django-celery-beat's scheduler, which also makes up nightly tasks that a machine slept through.

Its own query leaves out tasks whose hour is a plain number more than two hours away, so a machine
that runs by day alone would never retrain, nor delete old events. The table of tasks is short: all
of it is read.
"""

from __future__ import annotations

from typing import Any

from django_celery_beat.schedulers import DatabaseScheduler


class OverdueScheduler(DatabaseScheduler):  # type: ignore[misc]
    def enabled_models_qs(self) -> Any:
        return self.Model.objects.enabled()
