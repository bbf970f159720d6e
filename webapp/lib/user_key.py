"""Keys to the host's users, whose table may be in another database than ours.

There such a key is a plain number (or UUID): a database refers to no other, so none holds the
constraint, and deleting a user follows no key from one to the other. `keys_clear` does it instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.db import models, router
from django.db.models.fields.related_descriptors import (
    ForwardManyToOneDescriptor,
    ForwardOneToOneDescriptor,
)

from webapp.lib import database

if TYPE_CHECKING:
    Key = models.ForeignKey[Any, Any]
    OneToOne = models.OneToOneField[Any, Any]
else:
    Key, OneToOne = models.ForeignKey, models.OneToOneField


def users_are_apart() -> bool:
    return bool(router.db_for_write(get_user_model()) != database.alias())


def cascade(collector: Any, field: Any, rows: Any, using: str) -> None:
    if not users_are_apart():
        models.CASCADE(collector, field, rows, using)


def set_null(collector: Any, field: Any, rows: Any, using: str) -> None:
    if not users_are_apart():
        models.SET_NULL(collector, field, rows, using)


for _on_delete in (cascade, set_null):
    # Django then asks the users' database for no rows of ours before it calls.
    _on_delete.lazy_sub_objs = True  # type: ignore[attr-defined]


class _Constraint:
    """Whether the database holds the constraint; read as an attribute, so that Django asks."""

    def __get__(self, field: Any, owner: Any = None) -> bool:
        return not (apps.models_ready and users_are_apart())

    def __set__(self, field: Any, value: bool) -> None:
        """Ignored: not the field's definition decides, but the routers."""


class _ToUser(ForwardManyToOneDescriptor):  # type: ignore[type-arg] # is none at run time
    def get_queryset(self, **_: Any) -> models.QuerySet[Any]:
        """Gives the routers no hint: where they name no database for users, Django would take that
        of the row with the key."""
        users: models.QuerySet[Any] = self.field.remote_field.model._base_manager.all()
        return users


class _ToOneUser(_ToUser, ForwardOneToOneDescriptor): ...  # type: ignore[type-arg]


class UserKey(Key):
    db_constraint = _Constraint()
    forward_related_accessor_class = _ToUser


class OneUserKey(OneToOne):
    db_constraint = _Constraint()
    forward_related_accessor_class = _ToOneUser


def keys_clear(pk: object) -> None:
    """Sets keys to a deleted user to null, where users are apart from our tables."""
    if not users_are_apart():
        return
    for model in apps.get_models():
        for field in model._meta.local_fields:
            if isinstance(field, (UserKey, OneUserKey)):
                model._base_manager.filter(**{field.attname: pk}).update(**{field.attname: None})
