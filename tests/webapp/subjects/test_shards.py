"""Every subject has the shard of its key, however its row was made."""

from __future__ import annotations

import pytest

from uiengine.behaviour.shards import shard_of
from webapp.lib.times import utc_now
from webapp.privacy.merge import subject_merge
from webapp.subjects import shards
from webapp.subjects.models import Subject
from webapp.subjects.services import subject_get
from webapp.subjects.shards import shards_fill

pytestmark = pytest.mark.django_db


def are_right() -> bool:
    return all(s.shard == shard_of(s.key) for s in Subject.objects.all())


def test_a_new_subject_has_one_also_when_many_are_made_at_once():
    assert subject_get(key="host:one").shard == shard_of("host:one")
    Subject.objects.bulk_create(Subject(key=f"host:{n}") for n in range(20))

    assert Subject.objects.filter(shard=None).count() == 0
    assert are_right()


def test_who_is_merged_into_somebody_is_in_their_shard():
    source, target = subject_get(key="anon:a"), subject_get(key="host:b")

    subject_merge(source=source, target=target, now=utc_now())

    assert [s.shard for s in Subject.objects.all()] == [shard_of("host:b")]


def test_rows_of_an_earlier_release_are_filled_in_once(monkeypatch):
    monkeypatch.setattr(shards, "AT_ONCE", 7)
    Subject.objects.bulk_create(Subject(key=f"host:{n}") for n in range(30))
    fifth = Subject.objects.order_by("pk")[4].pk
    Subject.objects.filter(pk__gt=fifth).update(shard=None)

    assert shards_fill(Subject.objects.all()) == 25
    assert are_right()
    assert shards_fill(Subject.objects.all()) == 0
