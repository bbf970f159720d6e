"""Who may speak for a subject: signed user tokens, server keys, and the visitor's cookie."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.core import signing
from django.core.cache import cache

from .models import ServerKey

TOKEN_SALT = "webapp.user-token"
VISITOR_SALT = "webapp.visitor"
VISITOR_COOKIE = "layout_visitor"
VISITOR_COOKIE_AGE = 180 * 86_400
TOKEN_PREFIX, SERVER_PREFIX = "ut_", "sk_"
REMEMBERED = 30
"""Seconds for which a server key found good is not looked up again."""


def user_token_make(*, key: str, now: datetime, days: int | None = None) -> str:
    """A token that speaks for the subject of `key` until it expires."""
    lifetime = timedelta(days=settings.UIENGINE_TOKEN_DAYS if days is None else days)
    expires = int((now + lifetime).timestamp())
    return TOKEN_PREFIX + signing.Signer(salt=TOKEN_SALT).sign_object([key, expires])


def user_token_read(token: str, *, now: datetime) -> str | None:
    """The subject's key, or None where the token is forged or has expired."""
    try:
        signed = token.removeprefix(TOKEN_PREFIX)
        key, expires = signing.Signer(salt=TOKEN_SALT).unsign_object(signed)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return str(key) if now.timestamp() < expires else None


def server_key_make(*, name: str) -> tuple[ServerKey, str]:
    """A new server key; its secret is returned once and cannot be read again."""
    prefix, secret = secrets.token_hex(4), secrets.token_urlsafe(32)
    row = ServerKey.objects.create(name=name, prefix=prefix, digest=_digest(secret))
    return row, f"{SERVER_PREFIX}{prefix}_{secret}"


def server_key_is_good(text: str) -> bool:
    """Whether the key exists and was not revoked. Causes a query twice a minute per key."""
    prefix, _, secret = text.removeprefix(SERVER_PREFIX).partition("_")
    digest = _digest(secret)
    remembered = f"server-key:{digest}"
    if cache.get(remembered):
        return True
    row = ServerKey.objects.filter(prefix=prefix, revoked_at=None).first()
    if row is None or not secrets.compare_digest(row.digest, digest):
        return False
    cache.set(remembered, True, REMEMBERED)
    return True


def visitor_make() -> tuple[str, str]:
    """A new anonymous subject's key, and the signed value of its cookie."""
    key = f"anon:{secrets.token_hex(16)}"
    return key, signing.Signer(salt=VISITOR_SALT).sign(key)


def visitor_read(cookie: str) -> str | None:
    try:
        return signing.Signer(salt=VISITOR_SALT).unsign(cookie)
    except signing.BadSignature:
        return None


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
