"""A nightly retrain begins where visits are new, however many were deleted meanwhile."""

from __future__ import annotations

from datetime import date

import pytest

from webapp.codebooks.models import Pipeline, Run
from webapp.codebooks.pipeline.nightly import retrain_if_new
from webapp.codebooks.pipeline.stored_visits import visits_seen
from webapp.lib.times import utc_now
from webapp.subjects.models import Profile, Subject, Visit

pytestmark = pytest.mark.django_db
TONIGHT = date(2026, 3, 2)


@pytest.fixture
def profile(course) -> Profile:
    subject = Subject.objects.create(key="host:ada")
    return Profile.objects.create(subject=subject, surface=course)


def visits(profile: Profile, count: int, *, is_closed: bool = True) -> list[Visit]:
    number = Visit.objects.count()
    return [
        Visit.objects.create(
            profile=profile,
            visit=f"{profile.pk}-{number + i}-{utc_now().timestamp()}",
            started_at=utc_now(),
            day=20_000,
            uses={"forum": 1},
            is_closed=is_closed,
        )
        for i in range(count)
    ]


def collected(course) -> None:
    """A retrain that took what is there now."""
    line = Pipeline.objects.create(kind="retrain", surface=course, key="before", state="done")
    Run.objects.create(
        kind="collect",
        surface=course,
        pipeline=line,
        key="collect",
        state="done",
        result={"visits": Visit.objects.count(), **visits_seen(course)},
    )


def test_a_steady_site_is_retrained_though_more_visits_went_than_came(course, profile):
    old = visits(profile, 12)
    collected(course)
    assert not retrain_if_new(course, TONIGHT)

    Visit.objects.filter(pk__in=[visit.pk for visit in old[:10]]).delete()
    assert not retrain_if_new(course, TONIGHT)
    visits(profile, 9)

    assert retrain_if_new(course, TONIGHT)


def test_a_visit_that_was_open_then_and_is_closed_now_is_new(course, profile):
    visits(profile, 3)
    (last,) = visits(profile, 1, is_closed=False)
    collected(course)
    assert not retrain_if_new(course, TONIGHT)

    Visit.objects.filter(pk=last.pk).update(is_closed=True)

    assert retrain_if_new(course, TONIGHT)


def test_an_open_visit_and_one_of_the_demo_are_not_yet_new(course, profile):
    visits(profile, 3)
    collected(course)
    demo = Subject.objects.create(key="demo:newcomer")
    visits(Profile.objects.create(subject=demo, surface=course), 2)
    visits(profile, 1, is_closed=False)

    assert not retrain_if_new(course, TONIGHT)


def test_a_page_without_visits_is_not_retrained_and_one_of_an_earlier_release_is(course, profile):
    assert not retrain_if_new(course, TONIGHT)
    visits(profile, 1)
    collected(course)
    Run.objects.update(result={"visits": 1})

    assert retrain_if_new(course, TONIGHT)
