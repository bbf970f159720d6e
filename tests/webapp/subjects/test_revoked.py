"""Revoking one user token leaves the subject's other tokens valid."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from io import StringIO

import pytest
from django.core import signing
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.patience import PATIENCE
from webapp.privacy.tasks import retention
from webapp.subjects import keys
from webapp.subjects.models import RevokedToken

pytestmark = pytest.mark.django_db(transaction=True)


def make(key: str = "host:owner", **more: int) -> str:
    return keys.user_token_make(key=key, now=timezone.now(), **more)


def ask(token: str) -> int:
    path = "/api/layout?surface=course-home"
    return Client().get(path, headers={"Authorization": f"Bearer {token}"}).status_code


def revoke(name: str) -> str:
    out = StringIO()
    call_command("user_token", name, "--revoke", stdout=out)
    return out.getvalue()


def test_one_of_two_tokens_made_in_the_same_second_is_revoked(page, worker):
    lost, kept = make(), make()

    assert keys.user_token_id(lost) in revoke(lost)

    assert (ask(lost), ask(kept)) == (401, 200)
    with pytest.raises(CommandError, match="was revoked before"):
        revoke(lost)


def test_an_id_is_enough_and_it_names_nobody(page, worker):
    token = make()

    revoke(keys.user_token_id(token))

    assert ask(token) == 401
    columns = RevokedToken.objects.values().get()
    assert "owner" not in json.dumps(columns, default=str)
    for name in ("host:owner", "ut_forged", "zz-1", make()[:-1]):
        with pytest.raises(CommandError, match=r"^key: .*Give a token, or the id"):
            revoke(name)


def test_a_token_of_before_there_were_ids_is_revoked_too(page, worker):
    expires = int((timezone.now() + timedelta(days=1)).timestamp())
    old = "ut_" + signing.Signer(salt=keys.TOKEN_SALT).sign_object(["host:owner", expires])
    assert ask(old) == 200

    revoke(old)

    assert ask(old) == 401


def test_another_process_refuses_it_within_a_second_and_asks_no_database(page, worker, settings):
    settings.UIENGINE_REFRESH_MS = 200
    token, other = make(), make()
    assert ask(token) == ask(other) == 200
    # Another process writes a row, and this process is not notified.
    name = keys.user_token_id(token)
    day = timezone.now() + timedelta(days=1)
    RevokedToken.objects.create(token_id=name, expires_at=day, revoked_at=timezone.now())

    until = time.monotonic() + PATIENCE
    while ask(token) != 401 and time.monotonic() < until:
        time.sleep(0.05)

    assert ask(token) == 401
    with CaptureQueriesContext(connection) as asked:
        assert (ask(token), ask(other)) == (401, 200)
    assert asked.captured_queries == []


def test_the_list_forgets_tokens_that_have_expired(db):
    token, now = make(days=1), timezone.now()
    assert keys.user_token_revoke(keys.user_token_id(token), now=now)
    long_gone = now - timedelta(days=1)
    RevokedToken.objects.create(token_id="gone", expires_at=long_gone, revoked_at=long_gone)

    retention()

    assert [row.token_id for row in RevokedToken.objects.all()] == [keys.user_token_id(token)]
    assert keys.revoked.holds(keys.user_token_id(token)) and not keys.revoked.holds("gone")
