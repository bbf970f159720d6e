"""`{% adaptive_layout "home" %}`: renders the page in the current subject's order, without
scripts."""

from __future__ import annotations

import logging
from datetime import datetime

from django import template
from django.db import DatabaseError
from django.http import HttpRequest
from django.template import Context
from django.utils.safestring import SafeString

from webapp.layouts.answer import read
from webapp.layouts.csrf import client_csrf
from webapp.layouts.errors.middleware import PRIVATE
from webapp.layouts.html import element
from webapp.lib.times import utc_now
from webapp.subjects import keys

log = logging.getLogger(__name__)
register = template.Library()


@register.simple_tag(takes_context=True)
def adaptive_layout(
    context: Context, surface: str, controls: bool = False, subject: object = ""
) -> SafeString:
    """Renders each block by `<surface>/<block id>.html`, `blocks/<kind>.html` or a bare title.

    controls: adds a menu to each block, and undo, freeze and reset above. subject: a key of the
    host's for which the page acts, by a user token; by default the signed-in user or the visitor,
    and no subject if the context has no request. A key that cannot be used is no subject.
    """
    now = utc_now()
    request = context.get("request")  # missing in mails or manual rendering: then no subject
    is_named = subject is not None and subject != ""
    key, token = _named(str(subject), now) if is_named else (_key(request) if request else "", "")
    payload = read.layout_payload(key=key, slug=surface, now=now)
    if payload is None:
        raise template.TemplateSyntaxError(
            f"adaptive_layout: there is no surface {surface!r}. Add it in the admin, or declare it "
            "in a surfaces.py and run `manage.py load_surfaces`."
        )
    csrf = client_csrf(request) if request else None
    if request:
        _keep_private(request)
    seen = {str(name): value for name, value in context.flatten().items()}
    return element.render(payload, seen, token=token, controls=controls, csrf=csrf)


def _keep_private(request: HttpRequest) -> None:
    """Keeps the page out of Django's own cache; the middleware tells others by Cache-Control."""
    request._cache_update_cache = False  # type: ignore[attr-defined]
    request.META[PRIVATE] = True


def _named(subject: str, now: datetime) -> tuple[str, str]:
    """The key that the host named, and a token for it; both empty if the key cannot be used.

    With the database away there is no token, and the page shows what is cached.
    """
    try:
        return keys.subject_key_checked(subject), keys.user_token_make(key=subject, now=now)
    except keys.UnusableKeyError as error:
        log.warning("layout.key_unusable %s", error)
        return "", ""
    except DatabaseError:
        log.warning("layout.token_not_made", exc_info=True)
        return keys.subject_key_checked(subject), ""


def _key(request: HttpRequest) -> str:
    """The key of the signed-in user or consenting visitor, or empty, as the API determines it."""
    user = getattr(request, "user", None)
    if user is not None and user.is_authenticated:
        return keys.account_key(user.pk)
    return keys.visitor_read(request.COOKIES.get(keys.VISITOR_COOKIE, "")) or ""
