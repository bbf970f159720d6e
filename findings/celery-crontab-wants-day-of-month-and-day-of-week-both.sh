#!/usr/bin/env bash
# Guess: celery's crontab means what the same five fields mean to cron: where day of month and day of
#   week are both given, either is enough ("0 3 1 * mon": on each first of a month, and each Monday).
# Really: celery runs it only on days that are both, here on the one first of a month in 2026 that is
#   a Monday, where cron runs it on 63 days. A schedule moved from a crontab to celery beat, or to
#   django-celery-beat's table, goes quiet without an error; it takes two entries instead.
# Versions: celery 5.7.0, croniter 7.0.0, Python 3.11.
# Source: celery/schedules.py (crontab.is_due, remaining_delta),
#   https://docs.celeryq.dev/en/stable/userguide/periodic-tasks.html#crontab-schedules,
#   https://man7.org/linux/man-pages/man5/crontab.5.html (a note on the two fields)
# Seen: celery 1 day (2026-06-01), cron 63 days.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3.11 -m venv env
env/bin/pip install -q celery==5.7.0 croniter==7.0.0
cat >try.py <<'PY'
from datetime import UTC, datetime, timedelta

from celery import Celery
from celery.schedules import crontab
from croniter import croniter

app = Celery(set_as_current=False)
app.conf.timezone = "UTC"
start = datetime(2026, 1, 1, tzinfo=UTC)

by_cron = []
cron = croniter("0 3 1 * mon", start)
while (day := cron.get_next(datetime)).year == 2026:
    by_cron.append(str(day.date()))

by_celery, last = [], start
schedule = crontab(minute=0, hour=3, day_of_month="1", day_of_week="mon", app=app)
for hour in range(365 * 24):  # as beat does: looks from time to time, and notes what it ran
    now = start + timedelta(hours=hour, minutes=1)
    schedule.nowfun = lambda now=now: now
    if schedule.is_due(last).is_due:
        by_celery.append(str(now.date()))
        last = now

print(f"cron: {len(by_cron)} days, first {by_cron[:3]}")
print(f"celery: {len(by_celery)} days, {by_celery}")
PY
env/bin/python try.py | tee seen
grep -q "^cron: 63 days, first \['2026-01-01', '2026-01-05', '2026-01-12'\]$" seen
grep -q "^celery: 1 days, \['2026-06-01'\]$" seen
