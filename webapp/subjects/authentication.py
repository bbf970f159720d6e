"""Authenticates a signed-in user, a user token, a server key, or a visitor who consented.

A browser sends sessions and visitors' cookies by itself, so such a request needs a CSRF token to
change anything. Exempt are views where the signed decision in the body proves that one of our
pages sent it. A token in the Authorization header needs no CSRF token.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import Any

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication, CSRFCheck
from rest_framework.request import Request

from webapp.lib.times import utc_now
from webapp.subjects import keys
from webapp.subjects.ended import accounts

log = logging.getLogger(__name__)
SAFE = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True)
class Identity:
    """The authenticated caller.

    kind: session, token, server or visitor; visitor: the key in a visitor's cookie sent alongside;
    user_id: the account's primary key as text; server_key: prefix of the server key that speaks for
    the subject; scopes: that key's; erasures: of the key at the credential's issue, after which
    another ends it, None if none does; is_proved: False if the database was away and nothing else
    could tell whether the credential still holds, so that only the default layout is served.
    """

    key: str
    kind: str
    user_id: str | None = None
    visitor: str = ""
    server_key: str = ""
    scopes: tuple[str, ...] = ()
    erasures: int | None = None
    is_proved: bool = True

    is_authenticated = True

    @property
    def is_browser(self) -> bool:
        return self.kind in ("session", "visitor")


UNKNOWN = Identity("", "unknown", is_proved=False)
"""A caller whose credential only the database could tell."""


class SubjectAuthentication(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[Identity, None] | None:
        identity = _by_header(request) or _by_session(request) or _by_cookie(request)
        is_proved = getattr(_view(request), "is_proved_by_decision", False)
        by_browser = identity is None or identity.is_browser
        if by_browser and request.method not in SAFE and not is_proved:
            enforce_csrf(request)
        return (identity, None) if identity else None

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class MissingScope(exceptions.PermissionDenied):
    """The server key lacks the scope of the view."""


def identity_of(request: Request) -> Identity | None:
    """Returns the request's identity (REST framework's `user`), or None."""
    identity: Any = request.user
    return identity if isinstance(identity, Identity) else None


def enforce_csrf(request: Request) -> None:
    """Raises PermissionDenied if the CSRF check fails."""
    check = CSRFCheck(_nothing)
    check.process_request(request._request)
    reason = check.process_view(request._request, _nothing, (), {})
    if reason:
        raise exceptions.PermissionDenied(f"CSRF check failed: {reason}")


def _nothing(_: HttpRequest) -> HttpResponse:
    return HttpResponse()


def _by_header(request: Request) -> Identity | None:
    header = request.META.get("HTTP_AUTHORIZATION", "")
    if not header:
        return None
    scheme, _, credential = header.partition(" ")
    credential = credential.strip()
    if scheme.lower() != "bearer":
        raise exceptions.AuthenticationFailed("Use `Authorization: Bearer <token>`.")
    if credential.startswith(keys.SERVER_PREFIX):
        return _by_server_key(request, credential)
    now, is_proved = utc_now(), True
    try:
        token = keys.user_token_checked(credential, now=now, afresh=_asks_afresh(request))
    except DatabaseError:
        if not _serves_unproved(request):
            raise
        token, is_proved = keys.user_token_signed(credential, now=now), False
    if token is None:
        raise exceptions.AuthenticationFailed(
            "The user token is forged, has expired or was revoked."
        )
    return Identity(token.key, "token", erasures=token.erasures, is_proved=is_proved)


def _serves_unproved(request: Request) -> bool:
    """Returns True, for the log's reader, if the view answers without the database."""
    if getattr(_view(request), "always_answers", False):
        log.warning("layout.caller_unproved", exc_info=True)
        return True
    return False


def _asks_afresh(request: Request) -> bool:
    """Returns True if the view answers with stored data, so that memory will not do."""
    return bool(getattr(_view(request), "reads_stored_data", False))


def _view(request: Request) -> Any:
    return request.parser_context.get("view") if request.parser_context else None


def _by_server_key(request: Request, credential: str) -> Identity | None:
    is_proved = True
    try:
        found = keys.server_key_read(credential, afresh=_asks_afresh(request))
    except DatabaseError:
        if not _serves_unproved(request):
            raise
        found, is_proved = keys.server_key_remembered(credential), False
        if found is None:
            return UNKNOWN
    if found is None:
        raise exceptions.AuthenticationFailed("The server key is unknown or was revoked.")
    scope = getattr(_view(request), "scope", "")
    if scope and scope not in found.scopes:
        raise MissingScope(
            f"The server key {found.prefix} lacks the scope {scope}; it has "
            f"{', '.join(found.scopes) or 'none'}."
        )
    header = request.META.get("HTTP_X_SUBJECT", "").strip()
    if not header:
        return None
    try:
        # Django decodes headers as Latin-1, but keys are sent as UTF-8.
        key = keys.subject_key_checked(header.encode("latin-1").decode("utf-8"))
    except ValueError as error:
        raise exceptions.AuthenticationFailed(f"X-Subject is not usable: {error}") from error
    return Identity(
        key, "server", server_key=found.prefix, scopes=found.scopes, is_proved=is_proved
    )


def _by_session(request: Request) -> Identity | None:
    session: Any = getattr(request._request, "session", None)
    found = UNKNOWN
    try:
        if session is None or not (pk := session.get(SESSION_KEY)):
            return None
        visitor = keys.visitor_read(request.COOKIES.get(keys.VISITOR_COOKIE, "")) or ""
        found = Identity(keys.account_key(pk), "session", str(pk), visitor, is_proved=False)
        is_verified = _is_verified(request, session, str(pk))
    except Exception:  # a host's sessions may be in a cache, which raises errors of its own
        if not _serves_unproved(request):
            raise
        return found
    return replace(found, is_proved=True) if is_verified else None


def _is_verified(request: Request, session: Any, pk: str) -> bool:
    backend, digest = session.get(BACKEND_SESSION_KEY), session.get(HASH_SESSION_KEY)
    verified = f"{backend}:{digest}"
    is_read = request.method in SAFE and not _asks_afresh(request)
    if is_read and accounts.is_verified(pk, verified):
        return True
    user = get_user(request._request)
    if not user.is_authenticated:
        return False
    accounts.verified(user, verified)
    return True


def _by_cookie(request: Request) -> Identity | None:
    key = keys.visitor_read(request.COOKIES.get(keys.VISITOR_COOKIE, ""))
    return Identity(key, "visitor", erasures=0) if key else None
