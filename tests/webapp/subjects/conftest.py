"""Leaves out what is for PostgreSQL alone, on another database."""

from __future__ import annotations

from tests.webapp.on_postgresql import is_on_postgresql

collect_ignore_glob = [] if is_on_postgresql() else ["*_on_postgres.py"]
