"""The control share is stable, has the wanted size, and gets the default layout."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.serving.pages import serving
from webapp.subjects.decisions import is_control
from webapp.surfaces.models import Surface


@given(st.text(min_size=1), st.text())
def test_a_larger_share_only_adds_people(key, slug):
    shares = [is_control(key, slug, percent) for percent in range(51)]

    assert not shares[0]
    assert shares == sorted(shares)


def test_the_share_is_as_asked_and_independent_between_surfaces():
    keys = [f"django:{i}" for i in range(20_000)]
    one = {key for key in keys if is_control(key, "one", 5)}
    other = {key for key in keys if is_control(key, "other", 5)}

    # Four standard deviations of a binomial of 20,000 × 0.05, and of 20,000 × 0.0025.
    assert abs(len(one) - 1000) < 4 * (20_000 * 0.05 * 0.95) ** 0.5
    assert abs(len(one & other) - 50) < 4 * 50**0.5


@pytest.fixture
def controlled(page):
    """Puts everybody into the control share."""
    Surface.objects.update(control_percent=50)
    return page


@pytest.mark.django_db(transaction=True)
def test_control_keeps_the_default_and_its_wishes(controlled, clock, worker):
    from tests.webapp.conftest import Person

    keys = [f"host:{i}" for i in range(20)]
    inside = next(Person(k, clock) for k in keys if is_control(k, "course-home", 50))
    outside = next(Person(k, clock) for k in keys if not is_control(k, "course-home", 50))
    default = [block["id"] for block in controlled.definition["blocks"]]
    for person in (inside, outside):
        for _ in range(6):
            person.visit("glossary", "forum")
            worker.work()

    assert outside.layout()["order"] != default
    shown = inside.layout()
    assert (shown["status"], shown["order"], shown["version"]) == ("default", default, "")
    pinned = inside.wish("pin", "forum", rank=1)
    clock.advance(days=1)
    worker.work()
    assert inside.layout()["pins"] == ["forum"] == pinned["pins"]
    assert inside.wish("freeze")["status"] == "frozen"


@pytest.mark.django_db(transaction=True)
def test_a_changed_share_changes_the_etag(controlled, clock, worker):
    from tests.webapp.conftest import Person

    key = next(k for k in map("host:{}".format, range(20)) if is_control(k, "course-home", 50))
    person = Person(key, clock)
    before = person.get("layout?surface=course-home")
    same = person.get("layout?surface=course-home", **{"If-None-Match": before["ETag"]})
    assert same.status_code == 304

    surface = Surface.objects.get()
    surface.control_percent = 0
    surface.save()
    serving.refresh()

    after = person.get("layout?surface=course-home", **{"If-None-Match": before["ETag"]})
    assert after.status_code == 200 and after.json()["status"] == "adapted"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("before", "after"), [(0, 50), (50, 0)])
def test_a_changed_share_holds_from_the_next_visit_on(page, clock, worker, before, after):
    from tests.webapp.conftest import Person

    key = next(k for k in map("host:{}".format, range(20)) if is_control(k, "course-home", 50))
    person = Person(key, clock)
    Surface.objects.update(control_percent=before)
    for _ in range(6):
        person.visit("glossary", "forum")
        worker.work()
    began = person.layout()
    person.send(began, person.event("impression"))

    Surface.objects.update(control_percent=after)
    serving.refresh()

    for is_folded in (False, True):
        if is_folded:
            worker.work()
        during = person.layout()
        assert (during["status"], during["order"]) == (began["status"], began["order"])
    clock.advance(days=1)
    assert person.layout()["status"] != began["status"]
