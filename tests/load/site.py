"""The project's settings, with the floor of `tests.bench.bare` added to the addresses."""

from webapp.settings import *  # noqa: F403

ROOT_URLCONF = "tests.bench.bare"
