"""Live guard: two bad windows in a row roll a version back; one, or few answers, do not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from webapp.codebooks import tasks
from webapp.codebooks.gate import promotion
from webapp.codebooks.guard import jobs, windows
from webapp.codebooks.models import Alias, AliasMove, CodebookVersion, LiveMinute, Rollout
from webapp.codebooks.registry.aliases import alias_move, version_promote
from webapp.serving import answer_counts
from webapp.subjects.models import ServedDecision, Visit

pytestmark = pytest.mark.django_db
T0 = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def live(version, course, innate):
    """The version is champion since T0, after the innate one."""
    promotion.innate_ship(folder=innate)
    version_promote(surface=course, version=version, why="better")
    return since_t0(course, "champion")


def since_t0(surface, name) -> Alias:
    Alias.objects.filter(surface=surface, name=name).update(since=T0)
    AliasMove.objects.update(at=T0)
    return Alias.objects.select_related("surface", "version").get(surface=surface, name=name)


def window(alias, number, *, answers=100, errors=0, visits=0, excess=None):
    """Stores one window's answers and runs the guard on them."""
    since = T0 + number * windows.WINDOW
    content = alias.version.manifest["id"]
    LiveMinute.objects.create(
        surface=alias.surface, content=content, minute=since, answers=answers, errors=errors
    )
    windows.window_close(alias=alias, since=since, visits=visits, excess=excess)
    return windows.guard_act(alias=alias, now=since + windows.WINDOW)


def champion(surface) -> str:
    return Alias.objects.get(surface=surface, name="champion").version.name


def test_two_bad_windows_take_it_back_with_their_figures(live, course, version):
    assert window(live, 0, errors=5) is None
    move = window(live, 1, errors=7)

    assert champion(course) == "innate"
    assert (move.is_rollback, move.by_name) == (True, "live guardrails")
    assert [f["errors"] for f in move.figures.values()] == [0.05, 0.07]
    version.refresh_from_db()
    assert version.status == CodebookVersion.Status.REFUSED
    with pytest.raises(promotion.PromotionError, match="was refused"):
        promotion.champion_set(version=version, surface=course, why="again")


def test_a_good_window_between_starts_anew(live, course):
    for number, errors in enumerate((5, 0, 5, 0)):
        assert window(live, number, errors=errors) is None

    assert champion(course) == "course-home-1"


def test_few_answers_say_nothing(live, course):
    for number in range(4):
        assert window(live, number, answers=49, errors=49) is None

    assert champion(course) == "course-home-1"


def test_slower_than_the_default_layout_takes_it_back(live, course):
    assert window(live, 0, visits=60, excess=0.06) is None
    assert window(live, 1, visits=60, excess=0.06)

    assert champion(course) == "innate"


def test_few_visits_say_nothing_of_seconds(live):
    assert window(live, 0, visits=10, excess=0.5) is None
    assert window(live, 1, visits=10, excess=0.5) is None


def test_after_a_rollback_the_next_one_waits(live, course, version, trained, tmp_path):
    window(live, 0, errors=5)
    window(live, 1, errors=5)
    AliasMove.objects.filter(by_name=windows.GUARD).update(at=T0 + timedelta(minutes=20))
    CodebookVersion.objects.filter(pk=version.pk).update(status="trained")
    version_promote(surface=course, version=version, why="mended")
    Alias.objects.filter(name="champion").update(since=T0 + timedelta(minutes=20))
    again = Alias.objects.select_related("surface", "version").get(name="champion")

    assert [window(again, number, errors=9) for number in (2, 3, 4, 5)] == [None] * 4
    assert window(again, 8, errors=9), "an hour is over"


def test_a_canary_that_fails_ends(live, course, innate):
    other = CodebookVersion.objects.get(name="innate")
    alias_move(surface=course, version=other, name="challenger", share=10, why="try")
    alias = since_t0(course, "challenger")
    window(alias, 0, errors=5)
    move = window(alias, 1, errors=5)

    assert move.after is None and champion(course) == "course-home-1"
    assert not Alias.objects.filter(name="challenger").exists()


def test_a_surface_may_keep_its_versions(live, course):
    Rollout.objects.create(surface=course, rolls_back=False)

    assert [window(live, number, errors=50) for number in range(3)] == [None] * 3


def test_answers_are_counted_by_minute_and_version(course):
    answer_counts.answer_counts.clear()
    for second, failed in ((1, False), (2, True), (61, False)):
        now = T0 + timedelta(seconds=second)
        answer_counts.answered(course.pk, "abc", now, fell_back=failed, failed=failed)
    answer_counts.answered(course.pk, "", T0, fell_back=False)
    answer_counts.answer_counts.flush()
    answer_counts.answer_counts.flush()

    rows = LiveMinute.objects.order_by("minute").values_list("answers", "errors", "fallbacks")
    assert list(rows) == [(2, 1, 1), (1, 0, 0)]


def test_the_task_prices_real_visits_and_closes_windows_once(live, cohort, version):
    """A version that puts everybody's used block last costs them more than the default does."""
    content, blocks = version.manifest["id"], [b["id"] for b in cohort.definition["blocks"]]
    Alias.objects.update(since=T0.replace(year=2025))
    for visit in Visit.objects.select_related("profile")[:200]:
        last = sorted(blocks, key=lambda block: block in visit.uses)
        shown = ServedDecision.objects.create(
            **{"profile": visit.profile, "digest": str(visit.pk), "visit": visit.visit},
            **{"since": 0, "day": visit.day, "version": content, "revision": 1, "generation": 0},
            **{"status": "adapted", "order": last},
        )
        visit.order, visit.decision = last, shown
        visit.save()

    visits, excess = jobs.live_cost_of(live, Visit.objects.latest("started_at").started_at)
    assert tasks.guard_all() == 0 and tasks.guard_all() == 0

    assert visits > 0 and excess > 0.05
    assert version.guard_windows.count() == 1
