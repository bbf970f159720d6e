"""`{% adaptive_layout "home" %}`: renders the page in the current subject's order, without
scripts."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import template
from django.contrib.auth import SESSION_KEY
from django.db import DatabaseError
from django.http import HttpRequest
from django.template import Context
from django.utils.safestring import SafeString

from webapp.layouts.answer import read
from webapp.layouts.csrf import client_csrf
from webapp.layouts.errors.middleware import PRIVATE
from webapp.layouts.html import book_page, element
from webapp.lib.times import utc_now
from webapp.subjects import keys

log = logging.getLogger(__name__)
register = template.Library()


@dataclass(frozen=True)
class Whose:
    """Whom a page is rendered for. is_proved: see `subjects.authentication.Identity`."""

    key: str
    token: str = ""
    is_proved: bool = True


NOBODY = Whose("")
WAYS = {"from": ("book", book_page.SERVED), "mode": ("device", book_page.DEVICE)}
"""Ways to a page for everybody: argument, its value, the page's element."""


@register.simple_tag(takes_context=True)
def adaptive_layout(
    context: Context, surface: str, controls: bool = False, subject: object = "", **more: str
) -> SafeString:
    """Renders each block by `<surface>/<block id>.html`, `blocks/<kind>.html` or a bare title.

    controls: adds a menu to each block, and undo, freeze and reset above. subject: a key of the
    host's for which the page acts, by a user token; by default the signed-in user or the visitor,
    and no subject if the context has no request. A key that cannot be used is no subject.
    from="book" (a word that Python keeps, hence `more`): one page for everybody, which places
    itself in each browser and may come from a shared cache. mode="device": the same, and nothing of
    a person leaves their browser.
    """
    now = utc_now()
    if way := _public_way(more, subject):
        return _public(context, surface, controls, now, way)
    request = context.get("request")  # missing in mails or manual rendering: then no subject
    is_named = subject is not None and subject != ""
    with read.in_time():
        whose = _named(str(subject), now) if is_named else _caller(request) if request else NOBODY
        payload = _payload(whose, surface, now)
    csrf = _csrf(request) if request else None
    if request:
        _keep_private(request)
    seen = _seen(context)
    return element.render(payload, seen, token=whose.token, controls=controls, csrf=csrf)


def _public_way(more: Mapping[str, str], subject: object) -> str:
    """The element of a page for everybody; empty for one that is somebody's.

    Raises TemplateSyntaxError for other arguments, both ways at once, and a subject beside them.
    """
    for name, value in more.items():
        if name not in WAYS:
            raise template.TemplateSyntaxError(
                f"adaptive_layout: {name}={value!r} is no argument. Known are controls, subject, "
                "from and mode."
            )
        if value != WAYS[name][0]:
            raise template.TemplateSyntaxError(
                f'adaptive_layout: {name}={value!r} is refused. Write "{WAYS[name][0]}", or '
                "leave it out."
            )
    given = " and ".join(f'{name}="{value}"' for name, value in more.items())
    if len(more) > 1:
        raise template.TemplateSyntaxError(
            f"adaptive_layout: {given} exclude each other. Leave out one of them."
        )
    if more and subject:
        raise template.TemplateSyntaxError(
            f"adaptive_layout: subject beside {given} is refused: that page is the same for "
            "everybody. Leave out one of them."
        )
    return WAYS[next(iter(more))][1] if more else ""


def _public(context: Context, surface: str, controls: bool, now: datetime, way: str) -> SafeString:
    """The page of everybody: nothing of who asks is looked at."""
    with read.in_time():
        payload = _payload(NOBODY, surface, now)
        book = book_page.book_data(payload) or {}
    return element.render(payload, _seen(context), controls=controls, book=book, tag=way)


def _payload(whose: Whose, surface: str, now: datetime) -> dict[str, Any]:
    """Raises TemplateSyntaxError for an unknown surface."""
    payload = read.layout_payload(key=whose.key, slug=surface, now=now, is_proved=whose.is_proved)
    if payload is None:
        raise template.TemplateSyntaxError(
            f"adaptive_layout: there is no surface {surface!r}. Add it in the admin, or declare it "
            "in a surfaces.py and run `manage.py load_surfaces`."
        )
    return payload


def _seen(context: Context) -> dict[str, Any]:
    return {str(name): value for name, value in context.flatten().items()}


def _keep_private(request: HttpRequest) -> None:
    """Keeps the page out of Django's own cache; the middleware tells others by Cache-Control."""
    request._cache_update_cache = False  # type: ignore[attr-defined]
    request.META[PRIVATE] = True


def _named(subject: str, now: datetime) -> Whose:
    """The key that the host named, and a token for it; nobody if the key cannot be used.

    With the database away there is no token, and the page shows what is cached.
    """
    try:
        key = keys.subject_key_checked(subject)
        return Whose(key, keys.user_token_make(key=subject, now=now))
    except keys.UnusableKeyError as error:
        log.warning("layout.key_unusable %s", error)
        return NOBODY
    except DatabaseError:
        log.warning("layout.token_not_made", exc_info=True)
        return Whose(key)


def _caller(request: HttpRequest) -> Whose:
    """The signed-in user or consenting visitor, as the API determines it.

    With the database or the cache away it may be unknown whether the session still holds, or whose
    it is.
    """
    user, found = getattr(request, "user", None), Whose("", is_proved=False)
    try:
        if user is not None and user.is_authenticated:
            return Whose(keys.account_key(user.pk))
    except Exception:  # a host's sessions may be in a cache, which raises errors of its own
        log.warning("layout.caller_unproved", exc_info=True)
        with suppress(Exception):
            found = Whose(keys.account_key(request.session[SESSION_KEY]), is_proved=False)
        return found
    return Whose(keys.visitor_read(request.COOKIES.get(keys.VISITOR_COOKIE, "")) or "")


def _csrf(request: HttpRequest) -> dict[str, str] | None:
    try:
        return client_csrf(request)
    except Exception:  # where the host keeps the token in sessions
        log.warning("layout.csrf_unknown", exc_info=True)
        return None
