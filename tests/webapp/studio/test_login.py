"""Password guesses are limited, locks are short, and no answer reveals whether a name exists."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client

from webapp.studio import login

pytestmark = pytest.mark.django_db
PAGE, RIGHT = "/admin/login/", "long enough words"


@pytest.fixture(autouse=True)
def clock(monkeypatch, settings):
    """Starts the test with a window, and uses a fast hasher for its many logins."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    now = [1_800_000_000.0]
    monkeypatch.setattr(login.time, "time", lambda: now[0])
    return now


@pytest.fixture(autouse=True)
def anna(clock):
    return User.objects.create_user("anna", password=RIGHT, is_staff=True)


def sign_in(client: Client, name: str, password: str, address: str = "10.0.0.1"):
    sent = {"username": name, "password": password}
    return client.post(PAGE, sent, REMOTE_ADDR=address)


def guess(name: str, times: int, address: str) -> list[int]:
    client = Client()
    return [sign_in(client, name, f"guess {i}", address).status_code for i in range(times)]


def test_an_address_that_guesses_is_told_to_wait_and_the_right_password_waits_too(clock):
    statuses = guess("anna", 12, "10.0.0.1")
    assert statuses == 10 * [200] + 2 * [429]

    refused = sign_in(Client(), "anna", RIGHT)
    text = refused.content.decode()
    assert refused.status_code == 429 and refused["Retry-After"] == "300"
    assert "Wait 5 minutes and try again." in text and 'name="username"' in text
    assert "anna" not in text and "sessionid" not in refused.cookies
    assert "default-src 'self'" in refused["Content-Security-Policy"]

    clock[0] += 300
    assert sign_in(Client(), "anna", RIGHT).status_code == 302


def test_one_address_cannot_lock_a_name_for_others():
    assert guess("anna", 40, "10.0.0.1")[-1] == 429
    assert sign_in(Client(), "anna", RIGHT, "10.0.0.2").status_code == 302


def test_a_name_is_locked_to_strangers_of_many_addresses_and_not_to_its_owners_browser(clock):
    own = Client()
    assert sign_in(own, "anna", RIGHT, "10.9.9.9").status_code == 302
    own.post("/admin/logout/")

    spent = [status for i in range(4) for status in guess("Anna ", 10, f"10.0.0.{i}")]
    assert spent == 30 * [200] + 10 * [429]

    assert sign_in(Client(), "anna", RIGHT, "10.0.0.8").status_code == 429
    assert sign_in(own, "anna", RIGHT, "10.0.0.1").status_code == 302
    clock[0] += 300
    assert sign_in(Client(), "anna", RIGHT, "10.0.0.8").status_code == 302


def test_a_known_browser_is_known_for_its_name_alone_and_counted():
    own = Client()
    User.objects.create_user("ben", password=RIGHT, is_staff=True)
    sign_in(own, "anna", RIGHT)
    statuses = [sign_in(own, "ben", "guess").status_code for _ in range(11)]
    assert statuses == 10 * [200] + [429]
    statuses = [sign_in(own, "anna", "guess").status_code for _ in range(11)]
    assert statuses == 10 * [200] + [429]

    forged = Client()
    forged.cookies[login.KNOWN] = own.cookies[login.KNOWN].value.replace(":", "x:", 1)
    assert sign_in(forged, "anna", RIGHT).status_code == 429


def test_signing_in_gives_its_own_attempt_back_and_no_other():
    User.objects.create_user("mallory", password=RIGHT, is_staff=True)
    for _ in range(5):
        assert sign_in(Client(), "mallory", RIGHT).status_code == 302
        assert guess("anna", 2, "10.0.0.1") == [200, 200]
    assert guess("anna", 1, "10.0.0.1") == [429]


def test_a_name_that_does_not_exist_is_refused_in_the_same_words_after_as_many_guesses():
    User.objects.create_user("ben", password=RIGHT, is_staff=False)
    User.objects.create_user("gone", password=RIGHT, is_staff=True, is_active=False)
    seen = []
    for i, name in enumerate(("anna", "ben", "gone", "never")):
        answers = [sign_in(Client(), name, "guess", f"10.1.0.{i}") for _ in range(11)]
        pages = (answers[0].content.decode(), answers[-1].content.decode())
        said = [page.split('class="errornote"')[1].split("</p>")[0] for page in pages]
        seen.append(([a.status_code for a in answers], said, answers[-1]["Retry-After"]))
    assert all(one == seen[0] for one in seen)


def test_a_password_is_hashed_once_whether_or_not_the_name_exists(monkeypatch):
    """Only the hash takes long enough to reveal by timing whether a name exists."""
    from django.contrib.auth.hashers import MD5PasswordHasher

    hashed: list[str] = []
    encode = MD5PasswordHasher.encode

    def counted(self, password, salt):
        hashed.append(password)
        return encode(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", counted)
    User.objects.filter(username="anna").update(is_active=True)
    sign_in(Client(), "anna", "a guess")
    for_known, hashed[:] = list(hashed), []
    sign_in(Client(), "never", "a guess")
    assert for_known == hashed == ["a guess"]


def test_with_the_cache_away_one_can_still_sign_in(monkeypatch):
    def away(*_args):
        raise ConnectionError

    monkeypatch.setattr(login, "count_and_get", away)
    monkeypatch.setattr(cache, "decr", away)
    assert sign_in(Client(), "anna", RIGHT).status_code == 302
