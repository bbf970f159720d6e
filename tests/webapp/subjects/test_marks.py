"""Names under a secret are those that Django's own function gives."""

from __future__ import annotations

import pytest
from django.utils.crypto import salted_hmac

from webapp.subjects.keyed_hash import mark


@pytest.mark.parametrize("value", ["", "user-7", "Jürgen\n0"])
@pytest.mark.parametrize("secret", [None, "another secret", b"bytes, which Django takes too"])
def test_a_mark_is_djangos_salted_hmac(value, secret):
    expected = salted_hmac("webapp.visit", value, secret=secret, algorithm="sha256")

    assert mark("webapp.visit", value, secret) == expected.hexdigest()


def test_a_new_secret_gives_new_marks(settings):
    before = mark("webapp.visit", "user-7")
    settings.SECRET_KEY = "one that was changed while the process runs"

    assert mark("webapp.visit", "user-7") != before
