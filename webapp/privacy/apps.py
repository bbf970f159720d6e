"""Merges a visitor's history when the visitor signs in, and erases deleted users."""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings
from django.contrib.auth.signals import user_logged_in
from django.db.models import Model
from django.db.models.signals import pre_delete
from django.http import HttpRequest

from webapp.lib import database, user_key

log = logging.getLogger(__name__)


class PrivacyConfig(AppConfig):
    name = "webapp.privacy"
    label = "uiengine_privacy"
    verbose_name = "Privacy"

    def ready(self) -> None:
        user_logged_in.connect(_merge_visitor, dispatch_uid="subjects.merge_visitor")
        for model in _user_models():
            pre_delete.connect(
                _erase_user, sender=model, dispatch_uid=f"erase_user:{model._meta.label}"
            )


def _user_models() -> list[type[Model]]:
    """The user model and its proxies, because Django sends a signal for the deleted class only.

    A subclass with its own table deletes its parent's row, which sends the parent's signal.
    """
    user = apps.get_model(settings.AUTH_USER_MODEL)._meta.concrete_model
    return [model for model in apps.get_models() if model._meta.concrete_model is user]


def _merge_visitor(*, request: HttpRequest | None, user: Any, **_: Any) -> None:
    from webapp.privacy import merge
    from webapp.subjects import keys

    cookie = request.COOKIES.get(keys.VISITOR_COOKIE, "") if request else ""
    if not (visitor := keys.visitor_read(cookie)):
        return
    try:
        with database.atomic():
            merge.visitor_merge(visitor=visitor, user_id=str(user.pk))
    except Exception:  # signing in must succeed; the next sign-in merges again
        log.exception("subjects.merge_failed: what the visitor did is kept as it was")


def _erase_user(*, instance: Any, using: str, **_: Any) -> None:
    """Erases a deleted account's data, however it was deleted (admin, the host's code).

    using: the database of the account. Where that is not ours, no transaction of one takes back
    the other's work, so the erasure waits until the deletion is certain.
    """
    erased = partial(_account_erase, instance.pk)
    if user_key.users_are_apart():
        database.on_commit(erased, using=using)
    else:
        erased()


def _account_erase(pk: Any) -> None:
    """Erases what is linked to the account, and its own key even if nothing is kept, so that its
    tokens and open pages bring nothing back."""
    from webapp.privacy import erase
    from webapp.subjects import keys, models

    linked = models.Subject.objects.filter(user_id=pk).values_list("key", flat=True)
    for key in sorted({*linked, keys.account_key(pk)}):
        erase.subject_erase(key=key)
    user_key.keys_clear(pk)
