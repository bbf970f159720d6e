"""User tokens and their rotation, server keys and their scopes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from webapp.privacy.erase import subject_erase
from webapp.subjects import keys
from webapp.subjects.models import Event, Scope, ServerKey, Subject
from webapp.subjects.services import subject_get

OLD, NEW = "old-secret-" * 4, "new-secret-" * 4
NOW = datetime(2026, 3, 2, tzinfo=UTC)


def server(scopes: list[str]) -> tuple[ServerKey, str]:
    return keys.server_key_make(name="backend", scopes=scopes)


def ask(secret: str, method: str = "get", path: str = "layout?surface=course-home", **more):
    headers = {"Authorization": f"Bearer {secret}", "X-Subject": "host:owner"}
    return getattr(Client(), method)(f"/api/{path}", headers=headers, **more)


@pytest.mark.django_db
def test_a_token_ends():
    token = keys.user_token_make(key="host:owner", now=NOW, days=2)

    before, after = NOW + timedelta(days=2, seconds=-1), NOW + timedelta(days=2)
    assert keys.user_token_read(token, now=before) == "host:owner"
    assert keys.user_token_read(token, now=after) is None


@pytest.mark.django_db
def test_a_rotated_secret_is_accepted_until_it_is_taken_out(settings):
    settings.SECRET_KEY = OLD
    old = keys.user_token_make(key="host:owner", now=NOW)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW, [OLD]
    new = keys.user_token_make(key="host:owner", now=NOW)

    assert keys.user_token_read(old, now=NOW) == keys.user_token_read(new, now=NOW) == "host:owner"
    settings.SECRET_KEY_FALLBACKS = []
    assert keys.user_token_read(old, now=NOW) is None
    assert keys.user_token_read(new, now=NOW) == "host:owner"


@pytest.mark.django_db(transaction=True)
def test_what_was_signed_before_a_rotation_counts_and_an_erasure_is_remembered(settings, owner):
    erased = owner.layout()
    owner.send(erased, owner.event("use", "forum"))
    subject_erase(key=owner.key)
    owner.token_renew()
    before = owner.layout()

    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW, [settings.SECRET_KEY]

    assert owner.send(before, owner.event("use", "forum"))["accepted"] == 1
    assert owner.send(erased, owner.event("use", "quiz"))["ignored"] == 1
    assert [e.block for e in Event.objects.all()] == ["forum"]


@pytest.mark.django_db
@given(st.text(max_size=300))
def test_a_key_is_taken_whole_or_refused_with_a_reason(key):
    controls = {chr(i) for i in [*range(32), 127]} - {"\t"}
    halves = any("\ud800" <= c <= "\udfff" for c in key)
    usable = key.strip() and len(key) <= 200 and not controls & set(key) and not halves
    try:
        token = keys.user_token_make(key=key, now=NOW)
    except keys.UnusableKeyError as error:
        assert not usable and str(error).startswith("A subject's key")
    else:
        assert usable and keys.user_token_read(token, now=NOW) == key


@pytest.mark.django_db
@given(st.text(max_size=2000))
def test_any_other_text_is_nobody(text):
    assert keys.user_token_read(text, now=NOW) is None
    assert keys.user_token_read(f"ut_{text}", now=NOW) is None
    assert keys.server_key_read(f"sk_{text}") is None
    assert keys.visitor_read(text) is None


@pytest.mark.django_db(transaction=True)
def test_a_server_key_allows_its_scopes_and_nothing_else(owner):
    _, reads = server([Scope.LAYOUT_READ])
    _, erases = server([Scope.SUBJECTS_ADMIN])

    assert ask(reads).status_code == 200
    refused = ask(reads, "delete", "me")
    assert refused.status_code == 403
    assert refused.json()["type"].endswith("#scope-missing")
    assert "subjects:admin" in refused.json()["detail"]
    assert ask(reads, "post", "events", data={}, content_type="application/json").status_code == 403
    assert ask(erases).status_code == 403
    assert ask(erases, "get", "me").json()["subject"] == "host:owner"


@pytest.mark.django_db(transaction=True)
def test_a_server_key_that_only_writes_is_shown_no_layout(owner):
    """Blocks in the order of a person's use are what layout:read is for."""
    body = {"decision": owner.layout()["decision"], **owner.event("freeze")}
    _, writes = server([Scope.EVENTS_WRITE])
    _, both = server([Scope.EVENTS_WRITE, Scope.LAYOUT_READ])

    def wish(secret: str):
        return ask(secret, "post", "feedback", data=body, content_type="application/json")

    blind, seeing = wish(writes), wish(both)

    assert (blind.status_code, blind.json()) == (202, {"accepted": 1, "duplicate": 0, "ignored": 0})
    assert (seeing.status_code, seeing.json()["status"]) == (200, "frozen")
    assert blind["Cache-Control"] == "no-store"


@pytest.mark.django_db(transaction=True)
def test_a_revoked_key_is_refused_at_once_where_the_cache_is_shared(owner):
    row, secret = server([Scope.LAYOUT_READ])
    assert ask(secret).status_code == 200

    assert keys.server_key_revoke(row, now=timezone.now())

    assert ask(secret).status_code == 401
    assert not keys.server_key_revoke(row, now=timezone.now())


@pytest.mark.django_db(transaction=True)
def test_a_key_that_was_never_made_and_a_wrong_secret_get_the_same_answer(owner):
    row, _ = server([Scope.LAYOUT_READ])

    answers = [ask(f"sk_{prefix}_{'x' * 43}") for prefix in (row.prefix, "00000000")]

    assert answers[0].content == answers[1].content and answers[0].status_code == 401


@pytest.mark.django_db(transaction=True)
def test_the_subject_of_a_header_and_of_a_token_are_the_same_in_any_script(page, worker):
    _, secret = server([Scope.LAYOUT_READ])
    key = "Jürgen 五"
    token = keys.user_token_make(key=key, now=timezone.now())

    mine = Client().get(
        "/api/layout?surface=course-home", headers={"Authorization": f"Bearer {token}"}
    )
    theirs = Client().get(
        "/api/layout?surface=course-home",
        HTTP_AUTHORIZATION=f"Bearer {secret}",
        HTTP_X_SUBJECT=key.encode().decode("latin-1"),
    )

    assert mine.content == theirs.content and mine.status_code == 200


@pytest.mark.django_db
def test_commands_show_a_secret_once_and_never_again():
    out, err = StringIO(), StringIO()
    call_command(
        "server_key", "create", "--name=shop", "--scope=layout:read", stdout=out, stderr=err
    )
    secret = out.getvalue().strip()
    row = ServerKey.objects.get()
    assert keys.server_key_read(secret).scopes == ("layout:read",)
    assert secret.split("_", 2)[2] not in str(vars(row))

    listed = StringIO()
    call_command("server_key", "list", stdout=listed)
    assert "shop" in listed.getvalue() and "layout:read" in listed.getvalue()
    assert secret.split("_", 2)[2] not in listed.getvalue()

    call_command("server_key", "revoke", row.prefix, stdout=StringIO())
    assert keys.server_key_read(secret) is None
    with pytest.raises(CommandError, match="was revoked on"):
        call_command("server_key", "revoke", row.prefix)
    with pytest.raises(CommandError, match="'x' is unknown"):
        call_command("server_key", "revoke", "x")


@pytest.mark.django_db
def test_a_command_makes_a_token_for_a_few_days():
    out, err = StringIO(), StringIO()
    call_command("user_token", "shop:7", "--days=2", stdout=out, stderr=err)

    token = out.getvalue().strip()
    assert keys.user_token_read(token, now=timezone.now()) == "shop:7"
    assert keys.user_token_read(token, now=timezone.now() + timedelta(days=3)) is None
    assert f"--revoke {keys.user_token_id(token)}" in err.getvalue()
    with pytest.raises(CommandError, match="--days=0 is not understood"):
        call_command("user_token", "shop:7", "--days=0")
    with pytest.raises(CommandError, match="a control character"):
        call_command("user_token", "shop\n7")


@pytest.mark.django_db
def test_the_admin_lists_keys_without_secrets_and_logs_who_revoked_one():
    row, secret = server([Scope.LAYOUT_READ])
    looker = User.objects.create_user("looker", is_staff=True)
    looker.user_permissions.add(Permission.objects.get(codename="view_serverkey"))
    keeper = User.objects.create_user("keeper", is_staff=True)
    names = ("view_serverkey", "change_serverkey")
    keeper.user_permissions.set(Permission.objects.filter(codename__in=names))
    address = "/admin/uiengine_subjects/serverkey/"
    wish = {"action": "revoke", "_selected_action": [row.pk]}

    browser = Client()
    browser.force_login(looker)
    shown = browser.get(address).content.decode()
    assert row.prefix in shown and row.digest not in shown and "Revoke: " not in shown
    browser.post(address, wish)
    assert keys.server_key_read(secret) is not None

    browser.force_login(keeper)
    browser.post(address, wish)
    assert keys.server_key_read(secret) is None
    assert LogEntry.objects.get().user == keeper


DIFFERENT = ("Shop:7", "shop:7", "shop:7 ", " shop:7", "shop:７", "shop:7\u200d")


@pytest.mark.parametrize("key", DIFFERENT)
@pytest.mark.django_db(transaction=True)
def test_keys_that_differ_in_any_character_are_different_people(owner, key):
    """Case, spaces at the ends, digits of other scripts and invisible characters count."""
    headers = {"Authorization": f"Bearer {keys.user_token_make(key=key, now=timezone.now())}"}
    layout = Client().get("/api/layout?surface=course-home", headers=headers).json()
    body = {"decision": layout["decision"], "events": [owner.event("use", "forum")]}

    assert Client().post("/api/events", body, "application/json", headers=headers).json() == {
        "accepted": 1,
        "duplicate": 0,
        "ignored": 0,
    }
    assert [subject.key for subject in Subject.objects.all()] == [key]
    for other in set(DIFFERENT) - {key}:
        token = keys.user_token_make(key=other, now=timezone.now())
        answer = Client().get("/api/me", headers={"Authorization": f"Bearer {token}"})
        assert answer.json()["profiles"] == []


@pytest.mark.parametrize("key", ["x" * 201, "a\x00b", "a\x1fb"])
@pytest.mark.django_db(transaction=True)
def test_a_key_that_cannot_be_stored_is_refused_at_every_door(owner, key):
    _, secret = server([Scope.LAYOUT_READ])
    headers = {"Authorization": f"Bearer {secret}", "X-Subject": key}

    with pytest.raises(keys.UnusableKeyError):
        keys.user_token_make(key=key, now=NOW)
    with pytest.raises(keys.UnusableKeyError):
        subject_get(key=key)
    with pytest.raises(CommandError, match=r"^key: A subject's key"):
        call_command("user_token", key)
    answer = Client().get("/api/layout?surface=course-home", headers=headers)
    assert (answer.status_code, answer.json()["type"].partition("#")[2]) == (
        401,
        "credentials-not-valid",
    )
    assert not Subject.objects.exists()
