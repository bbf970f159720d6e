"""Records in the admin's log who looked at a person, without naming the person.

An entry refers to the subject's row by its number, which names nobody once the row is gone.
"""

from __future__ import annotations

from django.apps import apps
from django.db.models import Q
from django.http import HttpRequest

from webapp.subjects.models import Subject


def look_record(request: HttpRequest, subject: Subject, message: str) -> None:
    """Records a view of a person; views of simulated people are not recorded."""
    from django.contrib.admin.models import CHANGE, LogEntry

    if subject.source == Subject.Source.SIMULATED:
        return
    LogEntry.objects.create(
        user_id=str(request.user.pk),
        content_type_id=_content_type_id(),
        object_id=str(subject.pk),
        object_repr=_shown(subject.pk),
        action_flag=CHANGE,
        change_message=message,
    )


def looks_unname(key: str) -> None:
    """Takes the key out of entries that former releases, or Django's own pages, made with it."""
    if not apps.is_installed("django.contrib.admin"):
        return
    from django.contrib.admin.models import LogEntry

    rows = Subject.objects.filter(key=key).values_list("pk", flat=True)
    named = Q(object_repr=key[:200]) | Q(object_id__in=[str(pk) for pk in rows])
    for entry in LogEntry.objects.filter(named, content_type_id=_content_type_id()):
        entry.object_repr = _shown(entry.object_id)
        entry.change_message = entry.change_message.replace(key, entry.object_repr)
        entry.save(update_fields=("object_repr", "change_message"))


def _shown(pk: object) -> str:
    return f"Subject {pk}"


def _content_type_id() -> int:
    from django.contrib.contenttypes.models import ContentType

    return ContentType.objects.get_for_model(Subject).pk
