"""A real Chromium."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.webapp.demo import conftest as demo


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    yield from demo.chromium()
