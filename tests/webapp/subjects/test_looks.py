"""Who looked at a person is in the admin's log; the person's key is not."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.urls import reverse

from webapp.privacy.erase import subject_erase
from webapp.privacy.merge import subject_merge
from webapp.subjects.models import Profile, Subject
from webapp.surfaces.models import Surface

pytestmark = pytest.mark.django_db(transaction=True)


def page_of(subject: Subject) -> str:
    return reverse(f"admin:{subject._meta.app_label}_subject_change", args=[subject.pk])


def looked_at_by_a_former_release(user, subject: Subject) -> None:
    LogEntry.objects.create(
        user=user,
        content_type=ContentType.objects.get_for_model(Subject),
        object_id=str(subject.pk),
        object_repr=subject.key,
        action_flag=CHANGE,
        change_message=f"Looked at {subject.key}.",
    )


def tables_with(text: str) -> list[str]:
    """The tables of the whole database that hold the text anywhere."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            if any(text in str(row) for row in cursor.fetchall()):
                found.append(table)
    return found


def test_who_looked_is_recorded_without_the_key(owner, admin_client, admin_user):
    owner.visit("forum")
    subject, profile = Subject.objects.get(), Profile.objects.get()
    surface = Surface.objects.get()
    admin_client.get(page_of(subject))
    admin_client.get(reverse("uiengine_studio:explain", args=[profile.pk]))
    admin_client.get(reverse("uiengine_studio:preview", args=[surface.pk]), {"key": owner.key})

    entries = LogEntry.objects.filter(object_id=str(subject.pk), user=admin_user)

    assert {entry.object_repr for entry in entries} == {f"Subject {subject.pk}"}
    assert len(entries) >= 2 and not any(owner.key in str(entry) for entry in entries)
    assert page_of(subject) == f"/admin/{entries[0].get_admin_url().removeprefix('/admin/')}"


def test_after_an_erasure_no_table_holds_the_key(owner, worker, admin_client, admin_user):
    owner.visit("forum")
    worker.work()
    admin_client.get(page_of(Subject.objects.get()))
    looked_at_by_a_former_release(admin_user, Subject.objects.get())
    assert tables_with(owner.key)

    subject_erase(key=owner.key)

    assert tables_with(owner.key) == []
    assert LogEntry.objects.count() == 2


def test_a_subject_that_is_merged_or_was_long_gone_leaves_no_key_either(page, clock, admin_user):
    visitor, gone = (Subject.objects.create(key=key) for key in ("anon:0123", "shop:4567"))
    for subject in (visitor, gone):
        looked_at_by_a_former_release(admin_user, subject)
    gone.delete()  # as retention deletes idle subjects

    subject_merge(source=visitor, target=Subject.objects.create(key="shop:1"), now=clock.now)
    subject_erase(key="shop:4567")

    assert tables_with("anon:0123") == tables_with("shop:4567") == []
