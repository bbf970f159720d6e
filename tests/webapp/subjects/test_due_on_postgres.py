"""Workers at once close visits that are over, on PostgreSQL; elsewhere `test_due` runs this."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connections

from tests.evidence.ended_visits import ended_make
from tests.patience import PATIENCE
from webapp.subjects.due import visits_close
from webapp.subjects.models import Profile, Visit
from webapp.surfaces.models import PopularityDay

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).parents[3]
PEOPLE = 120
ALL = range(256)
HANGING = """
import django; django.setup()
import sys, time
from datetime import UTC, datetime
from webapp.subjects import due, fold_worker
fold, done = due.locked_fold, []
def hang(*args):
    done.append(fold(*args))
    if len(done) == 10:
        print("written, and not committed", flush=True)
        time.sleep(3600)
    return done[-1]
due.locked_fold = hang
due.visits_close(shards=range(256), now=datetime.now(UTC))
"""


def test_workers_at_once_close_each_visit_exactly_once(page):
    begun = datetime.now(UTC) - timedelta(hours=2)
    ended_make(page, PEOPLE, begun)
    met = threading.Barrier(2)

    def work(_: int) -> int:
        met.wait(PATIENCE)
        try:
            return visits_close(shards=ALL, now=datetime.now(UTC))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as threads:
        closed = list(threads.map(work, range(2)))

    assert sum(closed) == PEOPLE
    assert min(closed) > 0
    assert_closed_once()


def test_what_a_killed_worker_held_is_closed_by_the_next(page):
    ended_make(page, PEOPLE, datetime.now(UTC) - timedelta(hours=2))
    held = connections["default"].settings_dict
    address = f"postgres://{held['USER']}:{held['PASSWORD']}@{held['HOST']}:{held['PORT']}"
    victim = subprocess.Popen(
        [sys.executable, "-c", HANGING],
        cwd=ROOT,
        env={
            **os.environ,
            "DATABASE_URL": f"{address}/{held['NAME']}",
            "DJANGO_SETTINGS_MODULE": "webapp.settings",
        },
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert victim.stdout is not None
    assert victim.stdout.readline() == b"written, and not committed\n"
    beside = visits_close(shards=ALL, now=datetime.now(UTC))
    os.killpg(victim.pid, signal.SIGKILL)
    victim.communicate()
    assert 0 < beside < PEOPLE  # what the other one held was passed over
    ended = datetime.now(UTC) + timedelta(seconds=PATIENCE)
    while visits_close(shards=ALL, now=datetime.now(UTC)) == 0:  # the server notices the death
        assert datetime.now(UTC) < ended

    assert_closed_once()


def assert_closed_once() -> None:
    assert not Profile.objects.exclude(open_until=None).exists()
    assert Visit.objects.filter(is_closed=True).count() == PEOPLE
    assert sum(PopularityDay.objects.values_list("visits", flat=True)) == PEOPLE
