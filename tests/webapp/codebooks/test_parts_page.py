"""The admin shows how far a run's parts are, where they are worked on, and how long still."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from webapp.codebooks.models import Part, Pipeline, Run
from webapp.codebooks.pipeline import lease
from webapp.codebooks.pipeline.order import pipeline_request
from webapp.codebooks.pipeline.parts import together

pytestmark = pytest.mark.django_db


@pytest.fixture
def held(course) -> lease.Lease:
    """A step of which one part is done, one is worked on and two wait."""
    line, _ = pipeline_request(kind=Pipeline.Kind.RETRAIN, surface=course)
    held = lease.run_take(run_id=line.runs.get().pk)
    together.parts_make(held, "collect", [(n, n + 64) for n in range(0, 256, 64)], seen=0, given={})
    now = timezone.now()
    first, second = Part.objects.order_by("number").values_list("pk", flat=True)[:2]
    took = {"started_at": now - timedelta(minutes=4), "finished_at": now, "host": "blade-1"}
    Part.objects.filter(pk=first).update(state="done", progress=1.0, attempts=1, **took)
    busy = {"state": "running", "progress": 0.5, "host": "blade-2", "attempts": 2}
    Part.objects.filter(pk=second).update(**busy)
    return held


def seen(client, row) -> str:
    name = f"admin:uiengine_codebooks_{row._meta.model_name}_change"
    page = client.get(reverse(name, args=[row.pk]))
    assert page.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.content.decode()))


def test_pages_of_pipeline_and_run_say_how_many_where_and_how_long(admin_client, held):
    # 2.5 parts of 4 minutes are left to one worker
    said = "collect: 1 of 4 parts done; at work: 1 on blade-2; about 10 min left"

    assert said in seen(admin_client, held.run.pipeline)
    page = seen(admin_client, held.run)
    assert said in page
    assert page.index("collect 2 64 to 127 running blade-2 50% 2") < page.index("collect 3 128")
    assert "collect 1 0 to 63 done blade-1 100% 1" in page


def test_a_failed_step_shows_its_error_where_the_steps_are(admin_client, held):
    Run.objects.filter(pk=held.run.pk).update(
        state="failed", doing="reading visits", error="visits: 0 usable visits. Import more."
    )
    page = seen(admin_client, held.run.pipeline)
    assert "visits: 0 usable visits. Import more." in page and "reading visits" not in page


def test_the_terminal_is_told_the_same(held):
    told: list[tuple[float, str]] = []
    shown = lease.Lease(held.run, lambda share, doing: told.append((share, doing)))

    together._show(shown, "collect")

    ((share, doing),) = told
    assert share == pytest.approx(1.5 / 4)
    assert doing == "collect: 1 of 4 parts done; at work: 1 on blade-2; about 10 min left"
