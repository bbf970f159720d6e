"""A host's own Celery application stays the current one, and its worker runs our tasks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import redis

from tests.patience import PATIENCE
from tests.webapp.foreign_host import around, run, site

BROKER = "redis://127.0.0.1:6379/13"
CELERY = f"""
import os
from celery import Celery, shared_task
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mysite.settings")
app = Celery("mysite", broker="{BROKER}", backend="{BROKER}")
app.conf.task_default_queue = "of-the-host"
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
"""
SHOWN = """
import json, sys, threading, django, webapp
django.setup()
from celery import current_app, shared_task
from django.conf import settings

@shared_task(name="host.task")
def task(): pass

found = []
def look():
    found.append([current_app.main, task.app.main, current_app.conf.broker_url,
                  current_app.conf.task_default_queue, bool(current_app.conf.task_acks_late)])
look()
thread = threading.Thread(target=look)
thread.start()
thread.join()
named = [name for name in dir(settings) if name.startswith("CELERY")]
print(json.dumps({"found": found, "settings": named, "ours": "webapp.celery" in sys.modules}))
"""


@pytest.fixture
def host(tmp_path: Path) -> Path:
    return site(tmp_path, __init__="from .celery import app\n", celery=CELERY)


def test_the_application_of_the_host_stays_the_current_one_in_every_thread(host):
    shown = json.loads(run(host, "-c", SHOWN))

    assert shown["found"] == 2 * [["mysite", "mysite", BROKER, "of-the-host", False]]
    assert shown["settings"] == [] and not shown["ours"]


def test_without_one_ours_is_the_default_of_every_thread(host):
    (host / "mysite" / "__init__.py").write_text("")

    shown = json.loads(run(host, "-c", SHOWN))

    assert [row[:3] for row in shown["found"]] == 2 * [["webapp", "webapp", "filesystem://"]]


def test_importing_the_package_makes_no_application(host):
    code = "import sys, webapp; print('celery' in sys.modules, 'webapp.celery' in sys.modules)"

    assert run(host, "-c", code).split() == ["False", "False"]


def test_a_worker_of_the_host_runs_our_tasks_on_redis(host):
    try:
        redis.Redis.from_url(BROKER).flushdb()
    except redis.ConnectionError:
        if os.environ.get("CI"):
            pytest.fail("CI is set, where nothing may skip, and no Redis answers.")
        pytest.skip("no Redis at 127.0.0.1:6379")
    run(host, "-m", "django", "migrate", "--verbosity", "0")
    worker = [sys.executable, "-m", "celery", "-A", "mysite", "worker", "--pool", "solo"]
    process = subprocess.Popen(worker, **around(host), stderr=subprocess.DEVNULL)
    try:
        code = (
            "import django; django.setup(); from webapp.subjects.tasks import sweep;"
            f"print(sweep.delay().get(timeout={PATIENCE}))"
        )
        assert run(host, "-c", code).strip() == "0"
    finally:
        process.terminate()
        process.wait(PATIENCE)
        redis.Redis.from_url(BROKER).flushdb()
