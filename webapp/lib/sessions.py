"""Sessions in the database, cached; while the cache is away, in the database alone.

Django's own `cached_db` reads on when the cache fails to answer, but then fails at writing what it
read back, so that everybody who is signed in gets an error while Redis is down. Signing out still
fails then: the cached copy would outlive it.
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
        except Exception:  # each cache raises its own
            data: dict[str, Any] = DatabaseSessionStore.load(self)
            return data

    def exists(self, session_key: str) -> bool:
        return DatabaseSessionStore.exists(self, session_key)
