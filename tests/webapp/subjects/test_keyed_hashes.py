"""Hashes that rows and signed strings hold are an HMAC under a key derived from purpose and secret.

They are stored, so another formula would lose erasures and void decisions that are under way.
"""

from __future__ import annotations

import hashlib
import hmac

import pytest

from webapp.subjects.decisions import erasure_marks, read, subject_hash, subject_hashes, visit_id


def keyed(purpose: str, value: str, secret: str) -> str:
    key = hashlib.sha256(f"{purpose}{secret}".encode()).digest()
    return hmac.new(key, value.encode(), "sha256").hexdigest()


@pytest.mark.parametrize("key", ["user-7", "Jürgen"])
def test_hashes_of_a_subject_keep_their_formula(key, settings):
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "present secret", ["secret before"]

    assert subject_hash(key) == keyed("webapp.decision", key, "present secret")[:16]
    assert subject_hash(key, 2) == keyed("webapp.decision", f"{key}\n2", "present secret")[:16]
    assert (
        visit_id(key, "home", 5) == keyed("webapp.visit", f"{key}\nhome\n5", "present secret")[:32]
    )
    assert erasure_marks(key) == [
        keyed("webapp.erasure", key, secret)[:32] for secret in ("present secret", "secret before")
    ]
    assert subject_hashes(key) == {
        keyed("webapp.decision", key, secret)[:16] for secret in ("present secret", "secret before")
    }


def test_a_new_secret_gives_new_hashes(settings):
    before = subject_hash("user-7")
    settings.SECRET_KEY = "one that was changed while the process runs"

    assert subject_hash("user-7") != before


def test_a_decision_that_was_signed_before_is_still_read(settings):
    """By hand-written code of before, which packed with another window of zlib."""
    settings.SECRET_KEY = "a secret of 0.1.0"
    signed = (
        ".SImFjEEOwiAURO8y60nzAbF6FsLiW35jY4smkHp9uYFvM3mLeckT4ny4xOt8u-tjKbaCeL4PAwNx_gGM9DI"
        "gtlq1j5cjtOinWwETqn3bCB667WO6tldDZnIzQ6ZQpkg3CVfdmw1POf8ApWQt-Q:"
        "BUZKIaP6kB3Zr0zXCAi0Z7h6we6oXgUHBoBhLJGCsUc"
    )

    served = read(signed)

    assert (served.surface, served.order, served.tokens) == (
        "home",
        ("news", "mail", "tasks"),
        (17, 3),
    )
    assert (served.visit, served.since, served.distortion) == ("v" * 32, 5, 0.5)
