"""The Celery application: `celery -A webapp worker`, `celery -A webapp beat`.

A host with an application of its own never imports this module: its worker runs our shared tasks.
"""

import os

from celery import Celery

from webapp.lib import broker

broker.use()
# Idle OpenMP threads of torch sleep instead of spinning: workers share few cores.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "0")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")

app = Celery("webapp")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
