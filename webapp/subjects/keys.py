"""Credentials that speak for a subject: signed user tokens, server keys, visitors' cookies.

Tokens and cookies are signed with SECRET_KEY and accepted under SECRET_KEY_FALLBACKS too. To
rotate, put the old key there and remove it once the last token it signed has expired. What ends a
token earlier is in `ended`.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import zlib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from django.conf import settings
from django.core import signing
from django.core.cache import cache
from django.db import IntegrityError

from webapp.lib import database
from webapp.subjects.decisions import erasure_marks
from webapp.subjects.ended import UserToken, account_read, has_ended, revoked
from webapp.subjects.erasure import times_erased
from webapp.subjects.models import RevokedToken, Scope, ServerKey

TOKEN_SALT = "webapp.user-token"
ACCOUNT = "django:"
"""Prefix of the key of a Django user."""
VISITOR = "anon:"
"""Prefix of an anonymous subject's key."""
VISITOR_SALT = "webapp.visitor"
VISITOR_COOKIE = "layout_visitor"
VISITOR_COOKIE_AGE = 180 * 86_400
TOKEN_PREFIX, SERVER_PREFIX = "ut_", "sk_"
REMEMBERED = 30
"""Seconds during which a valid server key is not looked up again."""
MOST_KEY = 200
"""Maximum characters of a subject's key."""
UNUSABLE = re.compile("[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")
"""Characters that databases or headers refuse; a tab is accepted."""
TOKEN_ID = re.compile("([0-9a-f]{6,9})-[0-9a-f]{16}")
"""Expiry in Unix seconds, and a random number, both hexadecimal."""
MOST_CREDENTIAL = 1024
"""Maximum characters of a token, a server key or a visitor's cookie."""
MOST_VERIFIED = 4096
"""User tokens whose checked signature a process remembers."""
MOST_GOOD = 1000
"""Server keys that a process remembers for the time when the database is away."""


@dataclass(frozen=True)
class GoodKey:
    """A server key that exists and is not revoked."""

    prefix: str
    scopes: tuple[str, ...]


_good: dict[str, GoodKey] = {}
"""By the hash of the secret."""


class UnusableKeyError(ValueError):
    """The subject's key is empty, too long, or has characters that cannot be stored."""


def subject_key_checked(key: str) -> str:
    """Returns the key as rows have it. Raises UnusableKeyError.

    An account's key that is too long, or has characters that cannot be stored, becomes a hash,
    because nobody can choose another primary key.
    """
    if not key.strip():
        raise UnusableKeyError("A subject's key is empty. Name whose layout it is.")
    is_unusable = UNUSABLE.search(key)
    if key.startswith(ACCOUNT) and (is_unusable or len(key) > MOST_KEY):
        return f"{ACCOUNT}#{_digest(key)}"
    if len(key) > MOST_KEY:
        raise UnusableKeyError(
            f"A subject's key has {len(key)} characters, and {MOST_KEY} at most are taken."
        )
    if is_unusable:
        raise UnusableKeyError("A subject's key holds a control character or half of one.")
    return key


def account_key(pk: object) -> str:
    """The key of the Django user with this primary key."""
    return subject_key_checked(f"{ACCOUNT}{pk}")


def account_is_gone(key: str) -> bool:
    """Returns True if the key is of a Django user that does not exist. Causes a query."""
    pk = _account_of(key)
    return bool(pk) and not pk.startswith("#") and account_read(pk) is None


def _account_of(key: str) -> str:
    """The primary key in the key of a Django user; empty for other keys."""
    return key.removeprefix(ACCOUNT) if key.startswith(ACCOUNT) else ""


def user_token_make(*, key: str, now: datetime, days: int | None = None) -> str:
    """Makes a token that speaks for the subject `key` until it expires, the key is erased, or the
    account that it names is deactivated, deleted or has another password.

    Raises UnusableKeyError, also for an account that is not active. Causes a query or two.
    """
    lifetime = timedelta(days=settings.UIENGINE_TOKEN_DAYS if days is None else days)
    stored, expires = subject_key_checked(key), int((now + lifetime).timestamp())
    erasures, stamp = times_erased(stored), ""
    if account := _account_of(key):
        found = account_read(account)
        if (found is None and erasures) or (found is not None and not found.is_active):
            raise UnusableKeyError(f"The account of the key {key} was deleted or is not active.")
        stamp = found.stamps[0] if found else ""
    name, issued = secrets.token_hex(8), int(now.timestamp())
    content = [key, expires, name, issued, erasures, stamp]
    return TOKEN_PREFIX + signing.Signer(salt=TOKEN_SALT).sign_object(content)


def user_token_read(token: str, *, now: datetime) -> str | None:
    """Returns the subject's key, or None if the token is forged, has expired or has ended."""
    found = user_token_checked(token, now=now)
    return found.key if found else None


def user_token_checked(token: str, *, now: datetime, afresh: bool = False) -> UserToken | None:
    """Returns what `user_token_read` does, as the whole content.

    afresh: asks the database instead of memory, which another process may be half a second ahead
    of.
    """
    found = user_token_signed(token, now=now)
    return None if found is None or has_ended(found, afresh=afresh) else found


def user_token_signed(token: str, *, now: datetime) -> UserToken | None:
    """Returns the content of a token that is signed and has not expired, though it may have
    ended."""
    found = _user_token(token)
    return found if found and now.timestamp() < found.expires else None


def user_token_id(token: str) -> str | None:
    """Returns the id that the token is revoked by; None where it is forged. Store it at issue."""
    found = _user_token(token)
    return found.id if found else None


def user_token_revoke(token_id: str, *, now: datetime) -> bool:
    """Makes every process refuse the token within a second.

    Returns False if it was already expired or revoked. Raises ValueError if it is not a token's id.
    """
    match = TOKEN_ID.fullmatch(token_id)
    if match is None:
        raise ValueError(f"{token_id!r} is no id of a user token")
    expires_at = datetime.fromtimestamp(int(match[1], 16), UTC)
    if expires_at <= now:
        return False
    return _token_revoke(token_id, expires_at, now)


def revoked_expired_delete(*, now: datetime) -> int:
    """Deletes the rows of tokens that have expired; returns how many."""
    return RevokedToken.objects.filter(expires_at__lt=now).delete()[0]


def _token_revoke(token_id: str, expires_at: datetime, now: datetime) -> bool:
    """Adds the token to the list; returns False if it was already there."""
    try:
        with database.atomic():
            RevokedToken.objects.create(token_id=token_id, expires_at=expires_at, revoked_at=now)
    except IntegrityError:
        return False
    database.on_commit(revoked.renew)
    return True


def _user_token(token: str) -> UserToken | None:
    if len(token) > MOST_CREDENTIAL or not token.startswith(TOKEN_PREFIX):
        return None
    return _verified(token, (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))


@lru_cache(maxsize=MOST_VERIFIED)
def _verified(token: str, signed_with: tuple[str, ...]) -> UserToken | None:
    """A token's content, even if expired or revoked; None if forged.

    The cache key holds the exact bytes and secrets; a page sends one token again and again.
    """
    if len(token) > MOST_CREDENTIAL or not token.startswith(TOKEN_PREFIX):
        return None
    signed, fallbacks = token.removeprefix(TOKEN_PREFIX), list[str | bytes](signed_with[1:])
    signer = signing.Signer(key=signed_with[0], salt=TOKEN_SALT, fallback_keys=fallbacks)
    try:
        key, expires, *rest = signer.unsign_object(signed)
        # Tokens issued before ids existed are identified by a hash.
        name = rest[0] if rest else _digest(signed.rpartition(":")[0])[:16]
        usual = expires - settings.UIENGINE_TOKEN_DAYS * 86_400
        issued, erasures, stamp = rest[1:] or (usual, 0, None)
        stored = subject_key_checked(key)
        return UserToken(
            key=stored,
            expires=expires,
            id=f"{expires:x}-{name}",
            issued=datetime.fromtimestamp(issued, UTC),
            erasures=erasures,
            account=_account_of(key),
            stamp=stamp,
            marks=erasure_marks(stored),
        )
    except (signing.BadSignature, ValueError, TypeError, AttributeError, OverflowError, zlib.error):
        return None


def server_key_make(*, name: str, scopes: Iterable[str] = ()) -> tuple[ServerKey, str]:
    """Makes a server key; its secret is returned once and not stored. No scopes: all."""
    prefix, secret = secrets.token_hex(4), secrets.token_urlsafe(32)
    allowed = [scope for scope in Scope.values if scope in set(scopes) or not scopes]
    row = ServerKey.objects.create(name=name, prefix=prefix, digest=_digest(secret), scopes=allowed)
    return row, f"{SERVER_PREFIX}{prefix}_{secret}"


def server_key_read(text: str, *, afresh: bool = False) -> GoodKey | None:
    """Finds a server key; None: unknown or revoked.

    Causes a query twice a minute per key; afresh: always. Raises DatabaseError while the database
    is away.
    """
    if len(text) > MOST_CREDENTIAL or not text.isprintable():
        return None
    prefix, _, secret = text.removeprefix(SERVER_PREFIX).partition("_")
    digest = _digest(secret)
    found: GoodKey | None = None if afresh else _cached(digest)
    if found is not None and found.prefix == prefix:
        return found
    row = ServerKey.objects.filter(prefix=prefix, revoked_at=None).first()
    if row is None or not secrets.compare_digest(row.digest, digest):
        _good.pop(digest, None)
        return None
    found = _good[digest] = GoodKey(row.prefix, tuple(row.scopes))
    if len(_good) > MOST_GOOD:
        _good.clear()
    with suppress(Exception):
        cache.set(_remembered(digest), found, REMEMBERED)
    return found


def server_key_remembered(text: str) -> GoodKey | None:
    """Returns a server key as this process last read it, whatever became of it since."""
    return _good.get(_digest(text.removeprefix(SERVER_PREFIX).partition("_")[2]))


def server_key_revoke(row: ServerKey, *, now: datetime) -> bool:
    """Revokes a server key; False if it was revoked before. Without a shared cache, other processes
    follow within 30 seconds.
    """
    is_new = ServerKey.objects.filter(pk=row.pk, revoked_at=None).update(revoked_at=now) == 1
    with suppress(Exception):
        cache.delete(_remembered(row.digest))
    return is_new


def _cached(digest: str) -> GoodKey | None:
    """Returns None while the cache is unavailable, which costs a query."""
    try:
        found: GoodKey | None = cache.get(_remembered(digest))
    except Exception:
        return None
    return found


def _remembered(digest: str) -> str:
    return f"server-key:2:{digest}"


def visitor_make() -> tuple[str, str]:
    """A new anonymous subject's key, and the signed value of its cookie."""
    key = f"{VISITOR}{secrets.token_hex(16)}"
    return key, signing.Signer(salt=VISITOR_SALT).sign(key)


def is_visitor(key: str) -> bool:
    """Returns True for an anonymous visitor's key; its history becomes the user's at login."""
    return key.startswith(VISITOR)


def visitor_read(cookie: str) -> str | None:
    if len(cookie) > MOST_CREDENTIAL:
        return None
    try:
        return signing.Signer(salt=VISITOR_SALT).unsign(cookie)
    except signing.BadSignature:
        return None


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()
