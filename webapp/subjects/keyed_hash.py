"""What something is called without saying what it is: its HMAC under a secret of the site."""

from __future__ import annotations

import hashlib
import hmac
from functools import lru_cache

from django.conf import settings
from django.utils.encoding import force_bytes


def mark(purpose: str, value: str, secret: str | bytes | None = None) -> str:
    """64 hexadecimal digits; other ones for each purpose. secret: SECRET_KEY if None.

    As `django.utils.crypto.salted_hmac` with SHA-256, but the key of a purpose is derived once: a
    layout takes half a dozen.
    """
    key = _key(purpose, settings.SECRET_KEY if secret is None else secret)
    return hmac.digest(key, value.encode(), "sha256").hex()


@lru_cache(maxsize=64)
def _key(purpose: str, secret: str | bytes) -> bytes:
    return hashlib.sha256(purpose.encode() + force_bytes(secret)).digest()
