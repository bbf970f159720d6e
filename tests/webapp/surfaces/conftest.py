"""Leaves out what is for PostgreSQL alone, on another database; each test begins in English."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.utils import translation

from tests.webapp.on_postgresql import is_on_postgresql

collect_ignore_glob = [] if is_on_postgresql() else ["*_on_postgres.py"]


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    """A request in another language leaves it to the thread, until the next request."""
    with translation.override("en"):
        yield
