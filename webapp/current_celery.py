"""Which Celery application this process uses: the host's own, or ours where it has none.

Celery keeps the current application per thread; a thread that made none gets the default one, and
without a default Celery invents one that sends to amqp://localhost. So the project's application is
made the default when Django starts: threads of a web server send where the main thread sends.
"""

from __future__ import annotations

from celery import (
    Celery,
    _state,  # asking `current_app` would make Celery invent one
)

OURS = "webapp"


def own_application() -> Celery | None:
    """Returns the host's Celery application, if one was made before Django started."""
    found: Celery | None = _state._tls.current_app or _state.default_app
    return None if found is None or found.main in (OURS, "default") else found


def make_default() -> None:
    """Makes the host's application the default of all threads, or ours where it has none."""
    if _state.default_app is None or _state.default_app.main == "default":
        (own_application() or _ours()).set_default()


def _ours() -> Celery:
    from webapp.celery import app  # made here, never by importing `webapp`

    return app
