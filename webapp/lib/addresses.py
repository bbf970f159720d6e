"""Finds the address that a request came from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings


def address_of(meta: Mapping[str, Any]) -> str:
    """The caller's address; behind our own proxy, the last address in X-Forwarded-For."""
    forwarded = meta.get("HTTP_X_FORWARDED_FOR", "") if settings.SECURE_PROXY_SSL_HEADER else ""
    return forwarded.rpartition(",")[2].strip() or meta.get("REMOTE_ADDR", "")
