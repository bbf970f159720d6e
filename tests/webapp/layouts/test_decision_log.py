"""Explored layouts: the decision's fields, what folding stores of them, and the export."""

from __future__ import annotations

import io
import json
from random import Random
from string import ascii_letters, digits

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from ml.ope import __main__
from ml.ope.log import read_decisions
from ml.ope.support import NoSupportError
from tests.webapp.conftest import COURSE, Person
from uiengine.behaviour import profile_json
from uiengine.cost import reward
from uiengine.search import exploration
from webapp.layouts.answer import context
from webapp.layouts.serializers import MOST_DECISION
from webapp.serving.pages import serving
from webapp.subjects import decisions, fold_worker
from webapp.subjects.models import Profile, ServedDecision, Visit
from webapp.surfaces.services import surface_save

pytestmark = pytest.mark.django_db(transaction=True)
EXPLORING = {**COURSE, "guardrails": {**COURSE["guardrails"], "exploration": 0.2}}
HABITS = (["glossary"], ["live", "forum"], ["quiz", "glossary"], ["links"], ["glossary", "forum"])


def close_all() -> None:
    for row in Profile.objects.all():
        fold_worker.profile_fold(profile_id=row.pk, now=timezone.now())


@pytest.fixture
def crowd(page, clock, worker) -> list[Person]:
    """A dozen people with a few closed visits each, on a page that explores."""
    surface_save(EXPLORING)
    people = [Person(f"host:{number}", clock) for number in range(14)]
    for visit in range(4):
        start = clock.now
        for number, person in enumerate(people):
            clock.now = start
            person.visit(*HABITS[(number + visit * (number % 3)) % 5])
        worker.work()
    close_all()
    return people


def export(tmp_path, *more: str) -> dict:
    out = io.StringIO()
    log = str(tmp_path / "log.jsonl")
    arguments = ["--surface=course-home", f"--log={log}", *more]
    call_command("export_decisions", *arguments, stdout=out)
    return json.loads(out.getvalue().splitlines()[-1])


def test_a_drawn_layout_carries_all_it_was_drawn_among(owner, worker, clock):
    surface_save(EXPLORING)
    owner.visit("glossary")
    worker.work()
    payload = owner.layout()
    served = decisions.read(payload["decision"])

    chances = [propensity for _, _, propensity in served.candidates]
    assert sum(chances) == pytest.approx(1, abs=1e-12)
    orders = [tuple(served.order[i] for i in places) for places, _, _ in served.candidates]
    assert len(set(orders)) == len(orders) > 1
    shown = orders.index(tuple(payload["order"]))
    assert chances[shown] == served.propensity
    energies = [energy for _, energy, _ in served.candidates]
    wanted = exploration.propensities(energies, 0.2)
    assert chances == pytest.approx(wanted.tolist(), rel=2e-3), "energies are rounded"


def test_without_exploration_nothing_is_kept(owner, worker):
    owner.visit("glossary")
    worker.work()
    owner.layout()
    close_all()

    assert decisions.read(owner.layout()["decision"]).candidates == ()
    assert not Visit.objects.exclude(before=None, drawn=None).exists()
    assert not any(ServedDecision.objects.values_list("candidates", flat=True))


def test_a_closed_visit_keeps_what_it_came_to(owner, worker, clock):
    surface_save(EXPLORING)
    owner.visit("glossary", "forum")
    worker.work()
    page = serving.page("course-home")
    asked = context.decision_context(key=owner.key, page=page, now=clock.now)
    layout = owner.layout()
    owner.send(layout, owner.event("impression"), owner.event("use", "forum"))
    worker.work()
    owner.wish("pin", "links")
    owner.send(owner.layout(), owner.event("use", "links"))
    worker.work()
    clock.advance(days=1)
    close_all()

    row = Visit.objects.order_by("started_at").last()
    assert row.drawn.order == layout["order"]
    before = profile_json.load(row.before)
    assert before.blocks == asked.profile.blocks
    assert before.order == asked.profile.order
    assert not before.feedback.pins
    seconds = reward.seconds_per_use(page.surface, before, tuple(layout["order"]), row.uses)
    assert set(row.uses) == {"forum", "links"}
    assert row.reward == pytest.approx(-seconds)


def test_the_log_is_what_ope_reads_and_a_version_compared_with_itself_is_the_same(crowd, tmp_path):
    """The innate version logged the decisions; as a target its estimate must be the served mean."""
    line = export(tmp_path, "--against=innate", f"--target={tmp_path / 'target.jsonl'}")

    visits = Visit.objects.filter(drawn__isnull=False).count()
    assert line["visits"] == visits == 14 * 4
    log = read_decisions(tmp_path / "log.jsonl", is_log=True)
    target = read_decisions(tmp_path / "target.jsonl", is_log=False)
    assert set(log) == set(target)
    for key, decision in log.items():
        assert target[key].propensities == pytest.approx(decision.propensities, rel=1e-4)
    assert not any(person.key in (tmp_path / "log.jsonl").read_text() for person in crowd)
    report = __main__.compare(tmp_path / "log.jsonl", tmp_path / "target.jsonl")
    for name, estimate in report["estimates"].items():
        low, high = estimate["difference_interval"]
        assert low <= 1e-5 and high >= -1e-5
        assert name == "dr" or estimate["difference"] == pytest.approx(0, abs=1e-5)


def test_logs_without_exploration_are_refused_for_that_reason(owner, worker, clock, tmp_path):
    owner.visit("glossary")
    worker.work()
    close_all()

    with pytest.raises(CommandError, match=r"guardrails\.exploration of course-home is 0"):
        export(tmp_path)

    alone = {"layout": ["a"], "propensity": 1, "reward": -1.0}
    lines = [json.dumps({"user": u, "surface": "s", "visit": "1", **alone}) for u in "ab"]
    (tmp_path / "flat.jsonl").write_text("\n".join(lines))
    with pytest.raises(NoSupportError, match="no exploration"):
        __main__.compare(tmp_path / "flat.jsonl", tmp_path / "flat.jsonl")


def test_a_log_without_a_closed_visit_says_when_one_closes(owner, tmp_path):
    surface_save(EXPLORING)
    owner.layout()
    with pytest.raises(CommandError, match="30 minutes after its last event"):
        export(tmp_path)


def test_against_and_target_go_together(page, tmp_path):
    with pytest.raises(CommandError, match="go together"):
        export(tmp_path, "--against=innate")


def test_a_decision_of_the_largest_page_still_fits_into_an_event_batch(page, owner, worker):
    """Uses 200 movable blocks with the longest ids, and the default maximum of candidates."""
    random = Random(0)
    names = ["".join(random.choices(ascii_letters + digits, k=100)) for _ in range(200)]
    blocks = [{"id": name} for name in names]
    rules = {"exploration": 0.2, "move_budget": 200}
    surface_save({**COURSE, "blocks": blocks, "guardrails": rules, "groups": []})
    for visit in range(3):
        owner.visit(*(names[(17 * visit + 29 * k) % 200] for k in range(6)))
        worker.work()

    payload = owner.layout()

    assert len(decisions.read(payload["decision"]).candidates) > 4
    assert len(payload["decision"]) < MOST_DECISION
    assert owner.send(payload, owner.event("impression"))["accepted"] == 1
