"""Attributes are lent: each reading is written down, and values go once they were kept enough."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, User
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from webapp.lib.times import utc_now
from webapp.privacy.attribute_retention import attributes_expire
from webapp.subjects.attributes import DEFAULT_DAYS, Reading, lent, people_of
from webapp.subjects.models import (
    AttributeEnd,
    AttributeRead,
    AttributeRetention,
    PersonalAttributes,
    Profile,
    Subject,
)
from webapp.surfaces.models import Surface

READING = Reading("ada", "audit, run 1")


def person(surface: Surface, key: str, days: float = 0.0, **values: str) -> PersonalAttributes:
    subject = Subject.objects.create(key=key)
    Profile.objects.create(subject=subject, surface=surface)
    return PersonalAttributes.objects.create(
        subject=subject, values=values, consented_at=utc_now() - timedelta(days=days)
    )


@pytest.fixture
def home(db) -> Surface:
    return Surface.objects.create(slug="home", definition={"blocks": []})


def test_each_reading_says_who_why_and_which_slices_but_not_whose(home):
    person(home, "shop:1", gender="F", region="north")
    person(home, "shop:2", gender="M")

    people_of(home, ["gender", "region"], READING)

    row = AttributeRead.objects.get()
    assert (row.who, row.why, row.surface, row.people) == ("ada", "audit, run 1", "home", 2)
    assert row.slices == {"gender": ["F", "M"], "region": ["north"]}
    assert "shop:" not in json.dumps(list(AttributeRead.objects.values()), default=str)


def test_nothing_is_written_where_nobody_has_attributes(home):
    Profile.objects.create(subject=Subject.objects.create(key="shop:3"), surface=home)
    assert people_of(home, ["gender"], READING) == []
    assert not AttributeRead.objects.exists()


def test_whoever_asked_for_nothing_is_the_schedule(home):
    person(home, "shop:1", gender="F")
    people_of(home, ["gender"], Reading("", "audit, run 2"))
    assert AttributeRead.objects.get().who == "the schedule"


def test_an_export_of_ones_own_is_a_reading_without_the_values(home, client):
    from webapp.privacy.export import subject_export

    person(home, "shop:1", gender="a value of one person")
    list(subject_export(key="shop:1"))
    row = AttributeRead.objects.get()
    assert (row.who, row.people, row.slices) == ("the person", 1, {"gender": []})


def test_values_go_after_the_days_of_their_attribute(home):
    AttributeRetention.objects.create(name="region", days=10)
    old = person(home, "shop:1", days=11, gender="F", region="north")
    new = person(home, "shop:2", days=9, gender="F", region="north")
    alone = person(home, "shop:3", days=11, region="south")

    assert attributes_expire(now=utc_now()) == {"region": 2}

    old.refresh_from_db()
    new.refresh_from_db()
    assert old.values == {"gender": "F"} and new.values == {"gender": "F", "region": "north"}
    assert not PersonalAttributes.objects.filter(pk=alone.pk).exists()
    end = AttributeEnd.objects.get()
    assert (end.name, end.people, end.days) == ("region", 2, 10)
    assert attributes_expire(now=utc_now()) == {}
    assert lent(home) == {
        "gender": {"days": DEFAULT_DAYS, "gone": 0},
        "region": {"days": 10, "gone": 2},
    }


def test_old_entries_of_the_log_go_as_well(home):
    person(home, "shop:1", gender="F")
    people_of(home, ["gender"], READING)
    AttributeRead.objects.update(at=utc_now() - timedelta(days=4 * 365))
    attributes_expire(now=utc_now())
    assert not AttributeRead.objects.exists()


class TestAnyAges(TestCase):
    @settings(max_examples=30, deadline=None)
    @given(
        st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=6),
        st.integers(1, 30),
    )
    def test_exactly_the_values_that_are_young_enough_stay(self, ages, days):
        home = Surface.objects.create(slug="home", definition={"blocks": []})
        AttributeRetention.objects.create(name="region", days=days)
        for number, (age, _) in enumerate(ages):
            person(home, f"shop:{number}", days=age + 0.5, region="x", gender="y")
        attributes_expire(now=utc_now())
        kept = {
            row.subject.key: set(row.values)
            for row in PersonalAttributes.objects.select_related("subject")
        }
        assert kept == {
            f"shop:{n}": {"gender"} | ({"region"} if age + 0.5 < days else set())
            for n, (age, _) in enumerate(ages)
        }


@pytest.mark.django_db
def test_an_auditor_sees_the_log_and_sets_the_days(client, home):
    person(home, "shop:1", gender="F")
    people_of(home, ["gender"], READING)
    auditor = User.objects.create_user("eve", is_staff=True)
    auditor.groups.add(Group.objects.get(name="auditor"))
    client.force_login(auditor)
    page = client.get("/admin/uiengine_subjects/attributeread/").content.decode()
    assert "audit, run 1" in page and "gender: F" in page
    assert client.get("/admin/uiengine_subjects/attributeread/add/").status_code == 403
    added = {"name": "gender", "days": 0}
    address = "/admin/uiengine_subjects/attributeretention/add/"
    assert "greater than or equal to 1" in client.post(address, added).content.decode()
    client.post(address, {**added, "days": 30})
    assert AttributeRetention.objects.get().days == 30
