"""The life of a page and of a person on it, in one process; `test_pooler` runs it behind PgBouncer.

Prints what it counted, as JSON. Every step has transactions of its own, as in operation.
"""

from __future__ import annotations

import io
import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.core.cache import cache  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.urls import reverse  # noqa: E402
from django.utils import timezone  # noqa: E402

from webapp.codebooks.models import Pipeline, Run  # noqa: E402
from webapp.codebooks.pipeline.order import pipeline_request  # noqa: E402
from webapp.codebooks.pipeline.steps import step_run  # noqa: E402
from webapp.privacy.tasks import retention  # noqa: E402
from webapp.subjects.fold_worker import profile_fold  # noqa: E402
from webapp.subjects.keys import user_token_make  # noqa: E402
from webapp.subjects.models import Event, Profile, Subject, Visit  # noqa: E402
from webapp.surfaces.models import Surface  # noqa: E402
from webapp.trials.services import trial_current, trial_visits  # noqa: E402

settings.ALLOWED_HOSTS = ["testserver"]
KEY, VISITS = "shop:1", 5200
"""More visits than one chunk of a server's cursor holds."""
client = Client(raise_request_exception=True)
token = user_token_make(key=KEY, now=timezone.now())
headers = {"Authorization": f"Bearer {token}"}


def layout() -> dict[str, Any]:
    answer = client.get("/api/layout?surface=course-home", headers=headers)
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()
    return found


def post(path: str, body: dict[str, Any], status: int) -> dict[str, Any]:
    answer = client.post(path, body, content_type="application/json", headers=headers)
    assert answer.status_code == status, answer.content
    found: dict[str, Any] = answer.json()
    return found


def event(kind: str, block: str, **more: Any) -> dict[str, Any]:
    at = timezone.now().isoformat()
    return {"id": str(uuid4()), "at": at, "type": kind, "block": block, **more}


def live(found: dict[str, Any]) -> None:
    """Looks, uses a block, is folded, pins it and takes it back; reads what is kept."""
    shown = layout()
    sent = {"decision": shown["decision"], "events": [event("use", "forum")]}
    found["accepted"] = post("/api/events", sent, 202)["accepted"]
    found["again"] = post("/api/events", sent, 202)["duplicate"]
    for profile in Profile.objects.filter(subject__key=KEY):
        found["folded"] = profile_fold(profile_id=profile.pk, now=timezone.now())
    cache.clear()
    wish = {**event("pin", "quiz", rank=1), "decision": layout()["decision"]}
    found["pinned"] = post("/api/feedback", wish, 200)["pins"]
    exported = client.get("/api/me", headers=headers)
    found["exported"] = len(json.loads(exported.getvalue())["profiles"][0]["events"])


def learn(found: dict[str, Any], folder: Path) -> None:
    """Imports visits, collects them for a training, and reads the log and the trial."""
    start = timezone.now() - timedelta(days=20)
    rows = ["surface,user,at,block,uses"]
    rows += [
        f"course-home,u{n % 50},{(start + timedelta(minutes=n)).isoformat()},forum,1"
        for n in range(VISITS)
    ]
    file = folder / "visits.csv"
    file.write_text("\n".join(rows) + "\n")
    call_command("import_visits", str(file), verbosity=0, stdout=io.StringIO())
    found["visits"] = Visit.objects.filter(is_closed=True).count()
    Surface.objects.filter(slug="course-home").update(control_percent=50)
    surface = Surface.objects.get(slug="course-home")
    kind = Pipeline.Kind.RETRAIN
    pipeline, _ = pipeline_request(kind=kind, surface=surface, key="life", by="test")
    run = pipeline.runs.get()
    done = step_run(run.pk)
    found["collected"] = done.state if done else "taken by another"
    assert run.kind == Run.Kind.COLLECT
    trial = trial_current(surface=surface, now=timezone.now())
    found["in_trial"] = len(list(trial_visits(trial))) if trial else None


def look_after(found: dict[str, Any]) -> None:
    """Opens the admin, empties by night, checks the record, and erases the person."""
    client.force_login(User.objects.create_superuser("admin"))
    lists = ("subjects_subject", "surfaces_surface", "codebooks_run")
    pages = [reverse(f"admin:uiengine_{name}_changelist") for name in lists]
    pages += [reverse("admin:index"), reverse("uiengine_studio:health")]
    found["admin"] = sorted({client.get(page).status_code for page in pages})
    retention()
    call_command("verify_record", stdout=io.StringIO())
    client.logout()
    erased = client.delete("/api/me", headers=headers)
    found["erased"] = erased.status_code
    found["left"] = [
        Subject.objects.filter(key=KEY).count(),
        Event.objects.filter(profile__subject__key=KEY).count(),
    ]


found: dict[str, Any] = {}
live(found)
learn(found, Path(sys.argv[1]))
look_after(found)
print(json.dumps({**found, "prepares": getattr(connection, "prepares", None)}))
