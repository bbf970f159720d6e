"""A visitor who signs in becomes that user."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in
from django.http import HttpRequest


class SubjectsConfig(AppConfig):
    name = "webapp.subjects"

    def ready(self) -> None:
        user_logged_in.connect(_merge_visitor, dispatch_uid="subjects.merge_visitor")


def _merge_visitor(*, request: HttpRequest | None, user: Any, **_: Any) -> None:
    from . import keys, services

    cookie = request.COOKIES.get(keys.VISITOR_COOKIE, "") if request else ""
    if visitor := keys.visitor_read(cookie):
        services.visitor_merge(visitor=visitor, user_id=user.pk)
