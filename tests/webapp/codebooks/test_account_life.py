"""The life of an account in any order: nothing of the erased is read, served or accepted after.

Each step is done by the real part: Django's own users and sessions, signed tokens, HTTP, folding,
and steps of a pipeline. What must hold is kept beside it as plain sets and numbers.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from ml.training.reading import frames
from tests.webapp.codebooks.test_erasure_in_pipelines import people_in_files
from tests.webapp.on_postgresql import has_no_other_run, run_on_postgresql
from webapp.codebooks.models import Pipeline, Run
from webapp.codebooks.pipeline import steps
from webapp.codebooks.pipeline.collecting import recollecting
from webapp.codebooks.pipeline.order import pipeline_request, pipeline_resume
from webapp.lib.times import utc_now
from webapp.privacy.erase import subject_erase
from webapp.subjects import fold_worker, keys
from webapp.subjects.models import Erasure, Event, Profile, Subject
from webapp.surfaces.models import Surface

pytestmark = pytest.mark.django_db(transaction=True)
LAYOUT = "/api/layout?surface=course-home"


@dataclass(frozen=True)
class Credential:
    """A session, or a token, and what the account was like when it began."""

    client: Client
    headers: dict[str, str]
    account: int
    password: int
    erasures: int


class Life(RuleBasedStateMachine):
    """One person's accounts, one after the other, beside a neighbour who is never touched.

    kept, gone: the ids of events that may and may not be found; erasures: by account.
    """

    var: Path
    clock: Any

    def __init__(self) -> None:
        super().__init__()
        for model in (Run, Pipeline, Subject, Erasure, User):
            model.objects.all().delete()
        cache.clear()
        keys._verified.cache_clear()
        self.user: User | None = None
        self.password = self.number = 0
        self.kept: set[str] = set()
        self.gone: set[str] = set()
        self.erasures: dict[int, int] = {}
        self.credentials: list[Credential] = []
        self.decisions: list[tuple[str, int, int]] = []
        self.neighbour = keys.user_token_make(key="shop:neighbour", now=utc_now())
        self.visit({"Authorization": f"Bearer {self.neighbour}"}, Client())
        self.account_is_made()
        for by_token in (True, False):
            self.signs_in(by_token)

    # What the model knows

    def epoch(self) -> tuple[int, int]:
        """The account there is, and how often its key was erased."""
        assert self.user is not None
        return self.user.pk, self.erasures.get(self.user.pk, 0)

    def is_good(self, credential: Credential) -> bool:
        user = self.user
        if user is None or user.pk != credential.account or not user.is_active:
            return False
        by_token = bool(credential.headers)
        is_erased = by_token and credential.erasures != self.epoch()[1]
        return credential.password == self.password and not is_erased

    def forget(self) -> None:
        self.gone |= self.kept
        self.kept = set()

    # What people do

    def visit(self, headers: dict[str, str], client: Client) -> str:
        """Opens the page and uses a block; returns the event's id."""
        decision = client.get(LAYOUT, headers=headers).json()["decision"]
        name, counted = self.send(decision, headers, client)
        assert counted.status_code == 202 and counted.json()["accepted"] == 1, counted.content
        return name

    def send(self, decision: str, headers: dict[str, str], client: Client) -> tuple[str, Any]:
        self.number += 1
        name = f"event-{self.number}"
        event = {"id": name, "at": self.clock.now.isoformat(), "type": "use", "block": "forum"}
        body = {"decision": decision, "events": [event]}
        return name, client.post("/api/events", body, "application/json", headers=headers)

    @precondition(lambda self: self.user is None)
    @rule()
    def account_is_made(self) -> None:
        self.user = User.objects.create_user(f"ann{self.number}", password=str(self.password))
        self.number += 1

    @precondition(lambda self: self.user and self.user.is_active)
    @rule(by_token=st.booleans())
    def signs_in(self, by_token: bool) -> None:
        assert self.user is not None
        client, headers, (pk, erasures) = Client(), {}, self.epoch()
        if by_token:
            token = keys.user_token_make(key=f"django:{pk}", now=self.clock.now)
            headers = {"Authorization": f"Bearer {token}"}
        else:
            client.force_login(self.user)
        self.credentials.append(Credential(client, headers, pk, self.password, erasures))

    @precondition(lambda self: self.credentials)
    @rule(data=st.data(), is_kept=st.booleans(), is_over=st.booleans())
    def comes_back(self, data: st.DataObject, is_kept: bool, is_over: bool) -> None:
        """Uses any credential there ever was: layout, event, export; perhaps until the next day."""
        credential = data.draw(st.sampled_from(self.credentials))
        client, headers = credential.client, credential.headers
        answer, export = client.get(LAYOUT, headers=headers), client.get("/api/me", headers=headers)
        if not self.is_good(credential):
            assert answer.status_code == (401 if headers else 200)
            assert headers or (answer.json()["status"], answer.json()["pins"]) == ("default", [])
            assert export.status_code in (401, 403)
            return
        if is_kept:
            self.decisions.append((answer.json()["decision"], *self.epoch()))
        self.kept.add(self.visit(headers, client))
        export = client.get("/api/me", headers=headers)
        if is_over:
            self.a_day_goes_by()
        found = {e["event_id"] for p in export.json()["profiles"] for e in p["events"]}
        assert found == self.kept

    @precondition(lambda self: self.credentials and self.decisions)
    @rule(data=st.data())
    def a_page_that_stayed_open_sends_events(self, data: st.DataObject) -> None:
        credential = data.draw(st.sampled_from(self.credentials))
        decision, *made_for = data.draw(st.sampled_from(self.decisions))
        name, answer = self.send(decision, credential.headers, credential.client)
        is_accepted = answer.status_code == 202 and answer.json()["accepted"] == 1
        assert is_accepted is (self.is_good(credential) and tuple(made_for) == self.epoch())
        (self.kept if is_accepted else self.gone).add(name)

    # What ends

    @precondition(lambda self: self.user)
    @rule(password=st.booleans(), in_bulk=st.booleans())
    def account_changes(self, password: bool, in_bulk: bool) -> None:
        """Another password, or on and off."""
        assert self.user is not None
        if password:
            self.password += 1
            self.user.set_password(str(self.password))
        else:
            self.user.is_active = not self.user.is_active
        if in_bulk:
            columns = {"password": self.user.password, "is_active": self.user.is_active}
            User.objects.filter(pk=self.user.pk).update(**columns)
        else:
            self.user.save()

    @precondition(lambda self: self.user)
    @rule(data=st.data())
    def is_erased(self, data: st.DataObject) -> None:
        pk, times = self.epoch()
        good = [None, *filter(self.is_good, self.credentials)]
        credential = data.draw(st.sampled_from(good))
        if credential is None:
            subject_erase(key=f"django:{pk}")
        else:
            answer = credential.client.delete("/api/me", headers=credential.headers)
            assert answer.status_code == 200
        self.erasures[pk] = times + 1
        self.forget()

    @precondition(lambda self: self.user)
    @rule(in_bulk=st.booleans())
    def account_is_deleted(self, in_bulk: bool) -> None:
        assert self.user is not None
        rows = User.objects.filter(pk=self.user.pk)
        (rows if in_bulk else rows.get()).delete()
        self.user = None
        self.forget()

    # What happens by itself

    def a_day_goes_by(self) -> None:
        self.clock.advance(days=1)
        for row in Profile.objects.all():
            fold_worker.profile_fold(profile_id=row.pk, now=self.clock.now)

    @rule(is_resumed=st.booleans())
    def a_pipeline_goes_on(self, is_resumed: bool) -> None:
        """Collects, or trains, which refuses so few people and can be resumed."""
        line = Pipeline.objects.order_by("-pk").first()
        if line and line.state == "failed":
            line = pipeline_resume(line) if is_resumed else None
        line = line or pipeline_request(kind="retrain", surface=Surface.objects.get())[0]
        run = line.runs.filter(state="queued").first()
        if run is not None:
            steps.step_run(run.pk)

    @invariant()
    def only_what_may_be_found_is_found(self) -> None:
        stored = set(Event.objects.values_list("event_id", flat=True))
        assert stored == self.kept | {"event-1"}
        known = set(Subject.objects.values_list("key", flat=True))
        assert known <= {"shop:neighbour", *([f"django:{self.user.pk}"] if self.user else [])}
        assert people_in_files(self.var) <= known


def test_nothing_of_the_erased_is_read_served_or_accepted(page, worker, clock, var, monkeypatch):
    read = recollecting.read_collected

    def noted(lease, how):
        content = read(lease, how)
        visits = frames(getattr(content, "visits", content))
        users = {user for frame in visits for user in frame["user"]}
        assert users <= set(Subject.objects.values_list("key", flat=True))
        return content

    monkeypatch.setattr(recollecting, "read_collected", noted)
    Life.var, Life.clock = var, clock
    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=int(os.environ.get("LIVES", "6")),
            derandomize="LIVES" not in os.environ,  # `python -m tests.evidence.lives` draws others
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


if has_no_other_run():

    def test_the_same_on_postgresql():
        name = f"{__file__}::test_nothing_of_the_erased_is_read_served_or_accepted"
        run_on_postgresql(name, LIVES="2")
