"""Credentials end with the account, its password or an erasure, and bring nothing back."""

from __future__ import annotations

import time
from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core import signing
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.patience import PATIENCE
from tests.webapp.conftest import Person
from webapp.privacy.erase import subject_erase
from webapp.subjects import ended, keys
from webapp.subjects.models import Erasure, Event, Subject

pytestmark = pytest.mark.django_db(transaction=True)
LAYOUT = "/api/layout?surface=course-home"


def deactivated_in_bulk(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def another_password(user: User) -> None:
    user.set_password("another")
    user.save()


def deleted(user: User) -> None:
    User.objects.get(pk=user.pk).delete()


def deleted_by_sql(user: User) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM auth_user WHERE id = %s", [user.pk])


ENDINGS = (deactivated_in_bulk, another_password, deleted, deleted_by_sql)


@pytest.fixture
def ann(page, worker) -> User:
    return User.objects.create_user("ann", password="secret")


@pytest.fixture
def hers(ann, clock) -> Person:
    """The account, speaking by a user token."""
    return Person(f"django:{ann.pk}", clock)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.parametrize("end", ENDINGS)
def test_a_token_ends_with_its_account_or_password_and_its_events_come_to_nothing(ann, hers, end):
    layout = hers.layout()
    hers.send(layout, hers.event("use", "forum"))
    kept = Event.objects.count()
    if end is deleted_by_sql:  # a row of ours would refer to the account
        Subject.objects.update(user=None)

    end(ann)

    body = {"decision": layout["decision"], "events": [hers.event("use", "quiz")]}
    for answer in (
        hers.get("layout?surface=course-home"),
        hers.get("me"),
        hers.post("events", body),
    ):
        assert answer.status_code == 401, answer.content
    assert Event.objects.count() == (0 if end is deleted else kept)


@pytest.mark.parametrize("end", ENDINGS)
@pytest.mark.parametrize("kind", ["token", "session"])
def test_a_warm_process_notices_within_a_second_and_meanwhile_asks_no_database(
    ann, hers, settings, end, kind
):
    settings.UIENGINE_REFRESH_MS = 200
    client = signed_in(ann) if kind == "session" else hers.client
    headers = {} if kind == "session" else hers.headers

    def status() -> str:
        answer = client.get(LAYOUT, headers=headers)
        return answer.json()["status"] if answer.status_code == 200 else "refused"

    assert status() == "adapted"
    with CaptureQueriesContext(connection) as asked:
        assert status() == "adapted"
    assert asked.captured_queries == []

    end(ann)
    exported = client.get("/api/me", headers=headers)
    assert exported.status_code in (401, 403)  # at once, for it answers with stored data

    until = time.monotonic() + PATIENCE
    while status() == "adapted" and time.monotonic() < until:
        time.sleep(0.05)
    assert status() == ("default" if kind == "session" else "refused")


def test_a_token_of_a_process_that_did_not_erase_ends_within_a_second(owner, clock, settings):
    settings.UIENGINE_REFRESH_MS = 200
    assert owner.get("layout?surface=course-home").status_code == 200
    ended.erased.clear()  # as another process, which is told nothing
    owner.layout()
    mark = keys.erasure_marks(owner.key)[0]
    Erasure.objects.create(mark=mark, last_at=clock.now)

    until = time.monotonic() + PATIENCE
    while owner.get("layout?surface=course-home").status_code != 401 and time.monotonic() < until:
        time.sleep(0.05)

    assert owner.get("layout?surface=course-home").status_code == 401
    owner.token_renew()
    assert owner.get("layout?surface=course-home").status_code == 200


def test_an_erasure_ends_tokens_under_every_secret_and_of_every_age(owner, clock, settings):
    """A token may have been issued before all erasures that this process knows of."""
    old = keys.user_token_make(key=owner.key, now=clock.now - timedelta(days=300), days=400)
    between = settings.SECRET_KEY
    subject_erase(key=owner.key)
    second = keys.user_token_make(key=owner.key, now=clock.now)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another-secret-" * 4, [between]
    assert keys.user_token_read(second, now=clock.now) == owner.key
    assert keys.user_token_read(old, now=clock.now) is None

    subject_erase(key=owner.key)
    third = keys.user_token_make(key=owner.key, now=clock.now)

    assert keys.user_token_read(second, now=clock.now) is None
    assert keys.user_token_read(third, now=clock.now) == owner.key
    assert Erasure.objects.get().times == 2


def test_erasing_one_ends_nobody_elses_token(owner, colleague):
    subject_erase(key=owner.key)

    assert colleague.get("layout?surface=course-home").status_code == 200


def test_a_deleted_account_that_left_nothing_behind_cannot_begin_anew(ann, hers, clock):
    layout, key = hers.layout(), hers.key
    _, secret = keys.server_key_make(name="backend")
    by_server = {"Authorization": f"Bearer {secret}", "X-Subject": key}
    deleted(ann)

    with pytest.raises(keys.UnusableKeyError, match="was deleted or is not active"):
        keys.user_token_make(key=key, now=clock.now)
    fresh = Client().get(LAYOUT, headers=by_server).json()
    for decision in (layout["decision"], fresh["decision"]):
        body = {"decision": decision, "events": [hers.event("use", "quiz")]}
        answer = Client().post("/api/events", body, "application/json", headers=by_server)
        assert answer.json() == {"accepted": 0, "duplicate": 0, "ignored": 1}

    assert not Subject.objects.exists()


def test_a_visitor_whose_data_was_erased_elsewhere_is_nobody(page, worker, owner):
    client = Client()
    client.post("/api/me", {"consent": True}, "application/json")
    layout = client.get(LAYOUT).json()
    body = {"decision": layout["decision"], "events": [owner.event("use", "forum")]}
    assert client.post("/api/events", body, "application/json").json()["accepted"] == 1
    subject_erase(key=Subject.objects.get().key)  # as a server or another device would

    fresh = client.get(LAYOUT).json()["decision"]
    for decision in (layout["decision"], fresh):
        again = {"decision": decision, "events": [owner.event("use", "quiz")]}
        assert client.post("/api/events", again, "application/json").json()["accepted"] == 0
    assert not Subject.objects.exists()


def test_no_token_is_made_for_an_account_that_is_not_active(ann):
    deactivated_in_bulk(ann)

    with pytest.raises(CommandError, match=r"^key: The account of the key django:\d+ was deleted"):
        call_command("user_token", f"django:{ann.pk}", stdout=StringIO())


def test_a_token_that_was_issued_before_there_were_stamps_ends_with_the_account(ann, page):
    expires = int((timezone.now() + timedelta(days=1)).timestamp())
    content = [f"django:{ann.pk}", expires, "0123456789abcdef"]
    old = "ut_" + signing.Signer(salt=keys.TOKEN_SALT).sign_object(content)
    headers = {"Authorization": f"Bearer {old}"}
    assert Client().get(LAYOUT, headers=headers).status_code == 200

    deactivated_in_bulk(ann)

    assert Client().get(LAYOUT, headers=headers).status_code == 401


@pytest.mark.parametrize("spelt", ["django:0{}", "django: {}", "django:{}.0", "django:+{}"])
def test_another_spelling_of_a_primary_key_is_another_subject(ann, spelt, clock):
    """It is no account of ours, so it ends by an erasure alone."""
    key = spelt.format(ann.pk)
    token = keys.user_token_make(key=key, now=clock.now)
    deactivated_in_bulk(ann)

    assert keys.user_token_read(token, now=clock.now) == key


def test_a_changed_secret_ends_no_token_of_an_account(ann, hers, settings):
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = (
        "another-secret-" * 4,
        [settings.SECRET_KEY],
    )

    assert hers.get("layout?surface=course-home").status_code == 200


def test_a_revoked_server_key_exports_nothing_from_then_on(owner):
    """Without a shared cache another process remembers the key for half a minute."""
    row, secret = keys.server_key_make(name="backend")
    headers = {"Authorization": f"Bearer {secret}", "X-Subject": owner.key}
    assert Client().get("/api/me", headers=headers).status_code == 200
    type(row).objects.update(revoked_at=timezone.now())

    assert Client().get("/api/me", headers=headers).status_code == 401


def test_the_accounts_that_asked_are_read_in_one_query_and_forgotten_in_time(
    ann, settings, monkeypatch, django_assert_num_queries
):
    settings.UIENGINE_REFRESH_MS = 60_000
    users = [User.objects.create_user(f"user{i}") for i in range(20)]
    for user in users:
        assert ended.accounts.current(str(user.pk))
    with django_assert_num_queries(1):
        ended.accounts.renew()

    monkeypatch.setattr(ended, "MOST_WATCHED", 3)
    ended.accounts.current(str(ann.pk))
    assert list(ended.accounts._known) == [str(u.pk) for u in (*users[-2:], ann)]
    monkeypatch.setattr(ended, "KEPT", -1.0)
    with django_assert_num_queries(0):
        ended.accounts.renew()
    assert not ended.accounts._known
