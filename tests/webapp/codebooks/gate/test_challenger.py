"""Shadow and canary: which version serves whom and from when, and what is compared."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from tests.webapp.codebooks.conftest import judged
from tests.webapp.conftest import Person
from webapp.audits.models import AuditReport
from webapp.codebooks import tasks
from webapp.codebooks.gate import promotion, rollout
from webapp.codebooks.models import Agreement, Alias, AliasMove, Proposal, Rollout
from webapp.codebooks.registry import aliases
from webapp.lib import times
from webapp.serving.pages import serving
from webapp.subjects.models import ServedDecision

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).parents[4]


@pytest.fixture
def cleared(version, course, innate):
    """The innate version serves; the trained one has passed gate and audit."""
    promotion.innate_ship(folder=innate)
    columns = {"surface": course, "version": version, "report": {"slices": []}}
    AuditReport.objects.create(verdict="within", **columns)
    judged(version, course)
    return version


def served(person: Person) -> str:
    return person.layout()["version"]


def people(clock, count=60) -> list[Person]:
    return [Person(f"host:{i}", clock) for i in range(count)]


def test_a_canary_serves_its_share_always_the_same_people(cleared, course, clock, worker):
    everybody = people(clock)
    before = {served(person) for person in everybody}
    clock.advance(minutes=1)

    rollout.challenger_set(version=cleared, surface=course, share=30, why="try")
    first = [served(person) == "dddddddddddd" for person in everybody]
    rollout.challenger_set(version=cleared, surface=course, share=50, why="wider")
    wider = [served(person) == "dddddddddddd" for person in everybody]

    assert before == {"aaaaaaaaaaaa"}
    assert 6 <= sum(first) <= 30 < 60  # 18 expected; 99.99 % of draws
    assert all(w for f, w in zip(first, wider, strict=True) if f), "nobody goes back"

    rollout.challenger_end(surface=course, why="enough")
    assert {served(person) for person in everybody} == {"aaaaaaaaaaaa"}


@pytest.mark.django_db(transaction=True)
def test_a_visit_keeps_the_version_that_it_began_with(cleared, course, clock, worker):
    Rollout.objects.create(surface=course, canary_percent=50)
    everybody = people(clock, 30)
    shown = {}
    for person in everybody:
        shown[person] = person.layout()
        person.send(shown[person], person.event("impression"))
    worker.work()
    clock.advance(minutes=1)
    rollout.challenger_set(version=cleared, surface=course, share=50, why="try")

    for person in everybody:
        again = person.get("layout?surface=course-home")
        assert again.json()["version"] == "aaaaaaaaaaaa"
        assert again.json()["layouts"] == shown[person]["layouts"]

    clock.advance(days=1)
    assert {served(person) for person in everybody} == {"aaaaaaaaaaaa", "dddddddddddd"}


def test_a_version_that_may_not_serve_is_no_canary_but_may_be_a_shadow(version, course, innate):
    promotion.innate_ship(folder=innate)
    with pytest.raises(promotion.PromotionError, match="was not audited"):
        rollout.challenger_set(version=version, surface=course, share=5, why="try")

    rollout.challenger_set(version=version, surface=course, share=0, why="try")
    version.refresh_from_db()
    assert version.status == "shadow"


def test_in_the_shadow_it_decides_beside_the_champion_and_serves_nobody(
    cleared, course, clock, worker
):
    rollout.challenger_set(version=cleared, surface=course, share=0, why="look")
    ada = Person("host:ada", clock)
    clock.advance(minutes=1)
    for _day in range(3):
        assert ada.visit("forum")["version"] == "aaaaaaaaaaaa"
        worker.work()
    ServedDecision.objects.update(received_at=clock.now)

    assert (tasks.shadow_all(), tasks.shadow_all()) == (1, 0)
    look = Agreement.objects.get()
    # Identical networks under another name make identical decisions.
    assert (look.decisions, look.same, look.moved, look.failed) == (1, 1, 0, 0)


def test_promotion_ends_the_challenge_in_one_transaction(cleared, course):
    rollout.challenger_set(version=cleared, surface=course, share=10, why="try")
    rollout.promotion_ask(version=cleared, surface=course, why="it is good", by_name="ada")

    assert not Alias.objects.filter(name="challenger").exists()
    cleared.refresh_from_db()
    assert cleared.status == "champion"


def test_where_two_people_are_needed_one_alone_sets_no_canary(cleared, course):
    Rollout.objects.create(surface=course, needs_two=True)
    with pytest.raises(rollout.PromotionError, match="needs two people"):
        rollout.challenger_set(version=cleared, surface=course, share=50, why="try", by_name="ann")

    rollout.challenger_set(version=cleared, surface=course, share=0, why="look", by_name="ann")
    rollout.promotion_ask(version=cleared, surface=course, why="good", by_name="ann")
    with pytest.raises(rollout.PromotionError, match="needs two people"):
        rollout.challenger_set(version=cleared, surface=course, share=50, why="try", by_name="ann")

    rollout.challenger_set(version=cleared, surface=course, share=50, why="try", by_name="bob")

    assert course.aliases.get(name="challenger").share == 50


def test_two_people_are_needed_where_the_surface_says_so(cleared, course):
    Rollout.objects.create(surface=course, needs_two=True)
    ask = {"version": cleared, "surface": course}

    assert isinstance(rollout.promotion_ask(**ask, why="good", by_name="ada"), Proposal)
    with pytest.raises(promotion.PromotionError, match="proposed by ada already"):
        rollout.promotion_ask(**ask, why="good", by_name="ada")
    assert Alias.objects.get(name="champion").version.name == "innate"
    outcome = rollout.after_gate(**ask)
    assert outcome.is_held
    assert outcome.words.endswith("waits for two people to promote it.")

    move = rollout.promotion_ask(**ask, why="I agree", by_name="bob")
    assert isinstance(move, AliasMove) and move.by_name == "bob"
    assert move.why == "I agree (proposed by ada: good)"
    assert Alias.objects.get(name="champion").version == cleared


WATCH = """
import django; django.setup()
import sys, time
from webapp.serving.pages import serving
seen = ""
while True:
    page = serving.page("course-home")
    now = page.version.id if page and page.version else ""
    if now != seen:
        seen = now
        print(seen, flush=True)
    time.sleep(0.02)
"""


def test_an_open_visit_keeps_its_version_when_the_share_shrinks(cleared, course):
    def seen(began):
        page = serving.page("course-home")
        began = times.to_milliseconds(began)
        keys = [f"host:{i}" for i in range(100)]
        return {k for k in keys if page.serving(k, began).version.id == "dddddddddddd"}

    rollout.challenger_set(version=cleared, surface=course, share=50, why="try")
    wide = timezone.now()
    rollout.challenger_set(version=cleared, surface=course, share=40, why="less")
    first, then = seen(wide), seen(timezone.now())
    rollout.challenger_set(version=cleared, surface=course, share=45, why="more")

    assert seen(wide) == first and then < first
    assert then <= seen(timezone.now()) <= first, "nobody changes sides twice"
    assert not seen(Alias.objects.get(name="champion").since), "nor who was there before"
    aliases.alias_drop(surface=course, name="challenger", why="enough")
    assert not seen(wide)


@pytest.mark.django_db(transaction=True)
def test_another_process_sees_a_promotion(cleared, course, settings, tmp_path):
    database = connection.settings_dict
    address = f"sqlite:///{database['NAME']}"
    if connection.vendor == "postgresql":
        address = "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**database)
    environment = {k: v for k, v in os.environ.items() if k not in ("REDIS_URL", "BROKER_URL")}
    environment |= {
        "DATABASE_URL": address,
        "VAR_DIR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "webapp.settings",
    }
    command = [sys.executable, "-c", WATCH]
    other = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert other.stdout and other.stdout.readline() == "aaaaaaaaaaaa\n"
        aliases.version_promote(surface=course, version=cleared, why="better")
        assert other.stdout.readline() == "dddddddddddd\n"
        aliases.version_rollback(surface=course, why="worse")
        assert other.stdout.readline() == "aaaaaaaaaaaa\n"
    finally:
        other.kill()
        other.wait()
        other.stdout and other.stdout.close()
