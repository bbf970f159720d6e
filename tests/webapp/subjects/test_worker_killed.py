"""Kills a real worker over the embedded transport while it folds: no event is lost."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

from tests.patience import PATIENCE

ROOT = Path(__file__).parents[3]
EVENTS, PEOPLE = 60, 3
SEED = """
import django; django.setup()
import json
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from webapp.surfaces.services import surface_save
from webapp.subjects.keys import user_token_make
call_command("migrate", verbosity=0)
surface_save(json.load(open("fixtures/surfaces/course_home.json")))
client = Client()
for person in range({people}):
    token = user_token_make(key=f"host:{{person}}", now=timezone.now())
    headers = {{"Authorization": f"Bearer {{token}}"}}
    layout = client.get("/api/layout?surface=course-home", headers=headers).json()
    for i in range({events} // 20):
        now = timezone.now()
        sent = [
            {{"id": f"{{i}}-{{j}}", "at": now.isoformat(), "type": "use", "block": "forum"}}
            for j in range(20)
        ]
        body = {{"decision": layout["decision"], "events": sent}}
        answer = client.post("/api/events", body, "application/json", headers=headers)
        assert answer.status_code == 202, answer.content
"""
SLOW = """
import time
from webapp.subjects import fold_worker
write = fold_worker._write_profile
def slow(*args):
    write(*args)
    open("{mark}", "w").close()
    time.sleep(3600)  # the rows are written, the transaction is not committed
fold_worker._write_profile = slow
"""
SWEEP = """
from celery.signals import worker_ready
@worker_ready.connect
def sweep_late(**_):
    from datetime import timedelta
    from django.utils import timezone
    from webapp.subjects.models import Event
    from webapp.subjects.tasks import sweep
    Event.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    sweep()
"""


def test_every_event_is_counted_once_after_a_kill(tmp_path):
    environment = {
        **{k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "REDIS_URL")},
        "VAR_DIR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "webapp.settings",
        "ALLOWED_HOSTS": "testserver",
        "DEBUG": "yes",
        "PYTHONPATH": str(tmp_path),
    }
    seed = [sys.executable, "-c", SEED.format(people=PEOPLE, events=EVENTS)]
    subprocess.run(seed, cwd=ROOT, env=environment, check=True, timeout=PATIENCE)
    mark = tmp_path / "mid-fold"
    (tmp_path / "slow_folding.py").write_text(SLOW.format(mark=mark))

    victim = worker(environment, "--include", "slow_folding")
    wait_for(mark.exists, victim)
    os.killpg(victim.pid, signal.SIGKILL)
    victim.wait()
    assert count(tmp_path, "fold = 'folded'") == 0

    (tmp_path / "late_sweep.py").write_text(SWEEP)  # as beat sweeps, once leases have run out
    survivor = worker(environment, "--include", "late_sweep")
    try:
        wait_for(lambda: count(tmp_path, "fold = 'pending'") == 0, survivor)
    finally:
        os.killpg(survivor.pid, signal.SIGKILL)
        survivor.wait()

    with closing(sqlite3.connect(tmp_path / "db.sqlite3")) as database:
        uses = database.execute("select uses from subjects_visit").fetchall()
    assert uses == [(f'{{"forum": {EVENTS}}}',)] * PEOPLE


def worker(environment: dict[str, str], *more: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "celery", "-A", "webapp", "worker", "-P", "solo", *more]
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def count(var: Path, condition: str) -> int:
    with closing(sqlite3.connect(var / "db.sqlite3")) as database:
        query = f"select count(*) from subjects_event where {condition}"
        return int(database.execute(query).fetchone()[0])


def wait_for(condition, process: subprocess.Popen[bytes], seconds: float = PATIENCE) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, "the worker ended by itself"
        assert time.monotonic() < until
        time.sleep(0.1)
