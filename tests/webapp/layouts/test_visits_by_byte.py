"""Visits served by a byte, beside the same people's visits served by the engine: what training,
trials, off-policy logs, exports and explanations make of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from ml.ope.log import read_decisions
from ml.ope.support import NoSupportError, join, supported_visits
from tests.webapp.conftest import NOW, Clock, Worker
from tests.webapp.layouts.kept_books import book_of_today
from tests.webapp.layouts.readers import Reader
from webapp.codebooks.models import KeptBook
from webapp.codebooks.pipeline.stored_visits import stored_visits
from webapp.serving.books import books
from webapp.subjects.decisions import is_control
from webapp.subjects.models import Profile, ServedDecision, Subject, Visit
from webapp.surfaces.models import PopularityDay, Surface
from webapp.trials.models import Trial
from webapp.trials.services import trial_current, trial_visits

pytestmark = pytest.mark.django_db(transaction=True)
HABITS = (["glossary"], ["live", "forum"], ["quiz", "glossary"], ["links"], ["forum"])
DAYS, PEOPLE = 4, 6


@pytest.fixture
def half(page, clock) -> Surface:
    """Half of all people are the control share."""
    page.control_percent = 50
    page.save()
    return page


@pytest.fixture
def lived(half, clock: Clock, worker: Worker) -> Callable[[bool], list[Reader]]:
    """Six people's visits on four days, by byte or by the engine, each time from the beginning."""

    def live(by_byte: bool) -> list[Reader]:
        Subject.objects.all().delete()
        PopularityDay.objects.all().delete()
        KeptBook.objects.all().delete()
        books.clear()
        clock.now = NOW
        people = [Reader(f"host:{number}", clock) for number in range(PEOPLE)]
        for day in range(DAYS):
            book_of_today(half)
            for number, person in enumerate(people):
                shown = person.shown() if by_byte else person.layout()
                person.send(shown, person.event("impression"))
                clock.advance(seconds=3)
                used = HABITS[(number + day * (number % 2)) % len(HABITS)]
                person.send(shown, *(person.event("use", block) for block in used))
            clock.now = NOW.replace(day=NOW.day + day + 1)
            worker.work()
        worker.sent[:] = list(Profile.objects.values_list("pk", flat=True))
        worker.work()
        return people

    return live


def adapted(people: list[Reader]) -> set[str]:
    return {p.key for p in people if not is_control(p.key, "course-home", 50)}


def test_who_is_not_of_the_control_share_was_served_by_a_byte(lived):
    people = lived(True)

    by_byte = ServedDecision.objects.exclude(book="").values_list("profile__subject__key")
    assert {key for (key,) in by_byte} == adapted(people)
    assert 0 < len(adapted(people)) < PEOPLE
    assert ServedDecision.objects.exclude(book="").count() == DAYS * len(adapted(people))


def test_training_and_popularity_learn_the_same(lived, half):
    found = []
    for by_byte in (False, True):
        lived(by_byte)
        days = PopularityDay.objects.order_by("day")
        popular = list(days.values("day", "shares", "newcomers", "visits", "people"))
        found.append((sorted(stored_visits(half)), popular))

    assert found[0] == found[1]
    assert len({row[1] for row in found[0][0]}) == PEOPLE


def test_a_trial_counts_them_as_adapted(lived, half, clock):
    found = []
    for by_byte in (False, True):
        Trial.objects.all().delete()
        clock.now = NOW
        trial = trial_current(surface=half, now=clock.now)
        people = lived(by_byte)
        found.append({(v["user"], v["at"]): v for v in trial_visits(trial)})

    by_engine, by_byte = found
    assert set(by_engine) == set(by_byte) and len(by_byte) == DAYS * PEOPLE
    for key, visit in by_byte.items():
        assert visit["is_control"] == (key[0] not in adapted(people))
        same = {**by_engine[key], "order": visit["order"]} if not visit["is_control"] else visit
        assert visit == same
        assert visit["first_use"] == 3.0
        if visit["is_control"]:
            assert visit == by_engine[key], "the control share's page is as it was"


def test_a_log_leaves_them_out_and_says_why(lived, tmp_path):
    lived(True)

    with pytest.raises(CommandError) as refused:
        call_command("export_decisions", surface="course-home", log=tmp_path / "log.jsonl")

    count = Visit.objects.exclude(decision__book="").count()
    assert f"{count} closed visits showed an entry of a book" in str(refused.value)
    assert "no support" in str(refused.value)


def test_off_policy_estimates_refuse_bytes_as_they_refuse_the_engine_without_exploration(
    lived, tmp_path
):
    """The rows as served, as a log of propensity 1, and another order as the target."""
    said = []
    for by_byte in (False, True):
        lived(by_byte)
        rows = ServedDecision.objects.filter(status="adapted").order_by("pk")
        lines: list[dict[str, Any]] = [
            {"user": str(r.profile_id), "surface": "course-home", "visit": r.visit, "reward": -1.0}
            | {"layout": r.order, "propensity": r.propensity}
            for r in rows
        ]
        assert {line["propensity"] for line in lines} == {1.0}
        assert not any(rows.values_list("explored", flat=True))
        log, target = tmp_path / "log.jsonl", tmp_path / "target.jsonl"
        log.write_text("\n".join(map(json.dumps, lines)))
        target.write_text(
            "\n".join(json.dumps({**line, "layout": line["layout"][::-1]}) for line in lines)
        )
        logged = read_decisions(log, is_log=True)
        with pytest.raises(NoSupportError) as refused:
            supported_visits(join(logged, read_decisions(target, is_log=False)))
        said.append(str(refused.value))

    assert said[0] == said[1]
    assert "every logged propensity is 1" in said[0]


def test_a_persons_export_names_byte_and_book(lived):
    people = lived(True)
    reader = next(p for p in people if p.key in adapted(people))

    exported = json.loads(b"".join(reader.get("me")))["profiles"][0]

    for decision in exported["decisions"]:
        book = books.named(decision["book"])
        assert book is not None
        assert list(book.order(*decision["tokens"])) == decision["order"]
    assert {visit["visit"] for visit in exported["visits"]} == {
        decision["visit"] for decision in exported["decisions"]
    }


def explained(admin: Client, key: str) -> dict[str, Any]:
    row = Profile.objects.get(subject__key=key)
    answer = admin.get(f"/admin/studio/explain/{row.pk}/")
    assert answer.status_code == 200
    named = {name: answer.context[name] for name in ("anatomy", "byte")}
    return {**named, "text": answer.content.decode()}


def test_the_studio_explains_the_byte_that_a_person_has(lived, admin_client, half):
    people = lived(True)
    book_of_today(half)
    reader = next(p for p in people if p.key in adapted(people))
    token = reader.token()

    found = explained(admin_client, reader.key)

    titles = {block["id"]: block["title"] for block in half.definition["blocks"]}
    anatomy = found["anatomy"]
    assert [b.title for b in anatomy.blocks] == [titles[b] for b in reader.order(token)]
    assert f"entry {token['byte']} of the page" in anatomy.decided_by
    assert token["book"] in found["text"]
    assert anatomy.broken == 0
    chosen = next(c for c in anatomy.candidates if "chosen" in c.names)
    assert list(chosen.order) == [titles[b] for b in reader.order(token)]


@pytest.mark.parametrize("by_byte", [False, True])
def test_whom_the_engine_serves_is_explained_by_it(lived, admin_client, half, by_byte):
    people = lived(by_byte)
    book_of_today(half)
    control = next(p for p in people if p.key not in adapted(people))
    asked = people if not by_byte else [control]

    for person in asked:
        found = explained(admin_client, person.key)
        assert found["byte"] is None
        assert [b.title for b in found["anatomy"].blocks] == [
            person.layout()["elements"][b]["title"] for b in person.layout()["order"]
        ]
