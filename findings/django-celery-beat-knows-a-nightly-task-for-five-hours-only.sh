#!/usr/bin/env bash
# Guess: an enabled periodic task is in the database scheduler's schedule all day, so that a machine
#   that was off at night finds it overdue when it starts, as Celery's own beat does.
# Really: a crontab whose hour is one plain number is left out of the schedule unless its hour is
#   within two of the server's (4 o'clock always counts). Written as a range ("3-3") the hour is not a
#   plain number, and the task is there all day. A machine up from 9 to 18 never runs the first.
# Versions: django-celery-beat 2.9.0, celery 5.7.0, Django 5.2.19, Python 3.11.
# Source: django_celery_beat/schedulers.py, DatabaseScheduler.enabled_models_qs and the method that
#   builds its query of excluded crontabs.
# Seen: the plain hour is not in the schedule, the range is there and due.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3.11 -m venv env
env/bin/pip install -q django-celery-beat==2.9.0 celery==5.7.0 Django==5.2.19
cat >try.py <<'PY'
from datetime import UTC, datetime, timedelta

import django
from django.conf import settings

settings.configure(
    INSTALLED_APPS=["django_celery_beat"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    USE_TZ=True,
    TIME_ZONE="UTC",
)
django.setup()
from celery import Celery
from django.core.management import call_command
from django_celery_beat.models import CrontabSchedule, PeriodicTask
from django_celery_beat.schedulers import DatabaseScheduler

call_command("migrate", verbosity=0)
overdue = (datetime.now(UTC) - timedelta(hours=6)).hour
if overdue == 4:  # always in the schedule
    overdue = 3
yesterday = datetime.now(UTC) - timedelta(days=1, hours=6)
for name, hour in (("plain", str(overdue)), ("range", f"{overdue}-{overdue}")):
    at = CrontabSchedule.objects.create(minute="0", hour=hour, timezone="UTC")
    PeriodicTask.objects.create(name=name, task=f"nightly.{name}", crontab=at)
PeriodicTask.objects.update(last_run_at=yesterday)
app = Celery("beat", broker="memory://")
app.conf.timezone = "UTC"
schedule = DatabaseScheduler(app=app, lazy=True).all_as_schedule()
for name in ("plain", "range"):
    entry = schedule.get(name)
    said = "not in the schedule" if entry is None else f"due: {entry.is_due().is_due}"
    print(f"hour six hours ago, as {name}: {said}")
PY
env/bin/python try.py 2>/dev/null | tee seen
grep -q '^hour six hours ago, as plain: not in the schedule$' seen
grep -q '^hour six hours ago, as range: due: True$' seen
