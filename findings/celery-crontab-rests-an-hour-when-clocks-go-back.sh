#!/usr/bin/env bash
# Guess: crontab(minute="*/5") is due each five minutes of the year, in whatever time zone celery runs.
# Really: on the night that clocks go back it rests for the whole repeated hour, in which the hour and
#   minute of the wall clock are not later than those of the last run: from 02:55 of summer to 03:00 of
#   winter, 65 minutes. A watchdog or roll-up that must run each five minutes is blind meanwhile. An
#   interval of 300 seconds, cron's own five fields (here croniter) and a zone without summer time go on.
# Versions: celery 5.7.0, croniter 7.0.0, tzdata 2026.6, Python 3.11.
# Source: https://github.com/celery/celery/issues/10107 (open; of an hourly crontab),
#   celery/schedules.py (crontab.remaining_delta)
# Seen: longest pause in Berlin from the 24th to the 26th of October 2026: celery's crontab 65 minutes,
#   in UTC 5, celery's interval 5, croniter 5; over the same hours in spring 5.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3.11 -m venv env
env/bin/pip install -q celery==5.7.0 croniter==7.0.0 tzdata==2026.6
cat >try.py <<'PY'
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from celery import Celery
from celery.schedules import crontab, schedule
from croniter import croniter

AUTUMN, SPRING = datetime(2026, 10, 24, tzinfo=UTC), datetime(2026, 3, 28, tzinfo=UTC)
HOURS = 48


def by_celery(zone: str, start: datetime, kind: type, **times: object) -> Iterator[datetime]:
    """As beat does: asks each minute whether the task is due, and notes when it ran."""
    app = Celery(set_as_current=False)
    app.conf.timezone = zone
    plan, last = kind(app=app, **times), start.astimezone(ZoneInfo(zone))
    for minute in range(HOURS * 60):
        now = (start + timedelta(minutes=minute)).astimezone(ZoneInfo(zone))
        plan.nowfun = lambda now=now: now
        if plan.is_due(last).is_due:
            yield now.astimezone(UTC)
            last = now


def by_cron(zone: str, start: datetime) -> Iterator[datetime]:
    plan = croniter("*/5 * * * *", start.astimezone(ZoneInfo(zone)))
    while (at := plan.get_next(datetime).astimezone(UTC)) < start + timedelta(hours=HOURS):
        yield at


def pause(runs: Iterator[datetime]) -> int:
    times = list(runs)
    return max(later - one for one, later in zip(times, times[1:])) // timedelta(minutes=1)


print("celery, crontab:", pause(by_celery("Europe/Berlin", AUTUMN, crontab, minute="*/5")))
print("celery, crontab, UTC:", pause(by_celery("UTC", AUTUMN, crontab, minute="*/5")))
print("celery, interval:", pause(by_celery("Europe/Berlin", AUTUMN, schedule, run_every=300)))
print("croniter:", pause(by_cron("Europe/Berlin", AUTUMN)))
print("celery, crontab, spring:", pause(by_celery("Europe/Berlin", SPRING, crontab, minute="*/5")))
PY
env/bin/python try.py | tee seen
diff seen - <<'SEEN'
celery, crontab: 65
celery, crontab, UTC: 5
celery, interval: 5
croniter: 5
celery, crontab, spring: 5
SEEN
