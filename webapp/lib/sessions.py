"""Cached database sessions that fall back to the database while the cache is unavailable.

Django's `cached_db` reads from the database if the cache fails, but then fails when it writes the
session back, so every signed-in user gets an error while Redis is down. Signing out still fails
during that time on purpose: otherwise the cached copy would outlive the session.
"""

from __future__ import annotations

from typing import Any

from django.contrib.sessions.backends.cached_db import SessionStore as CachedSessionStore
from django.contrib.sessions.backends.db import SessionStore as DatabaseSessionStore
from django.db import DatabaseError


class SessionStore(CachedSessionStore):
    def load(self) -> dict[str, Any]:
        try:
            return super().load()
        except DatabaseError:
            raise
        except Exception:  # every cache backend raises its own errors
            data: dict[str, Any] = DatabaseSessionStore.load(self)
            return data

    def exists(self, session_key: str) -> bool:
        return DatabaseSessionStore.exists(self, session_key)
