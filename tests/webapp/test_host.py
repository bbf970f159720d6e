"""The settings that a host may leave out are those that the project itself sets."""

from __future__ import annotations

import subprocess
import sys

import pytest
from django.apps import apps
from django.conf import settings
from django.test import Client
from django.urls import clear_url_caches, set_urlconf
from django.utils.module_loading import import_string

from tests.webapp.foreign_host import around, run, site
from webapp import host
from webapp.layouts import urls as api_urls
from webapp.layouts.checks import host_check
from webapp.observability import urls as monitoring_urls


def test_our_own_project_lacks_nothing(settings):
    settings.DEBUG = True
    assert set(host.APPS) <= set(settings.INSTALLED_APPS)
    assert host_check() == []


@pytest.mark.parametrize(
    ("name", "value", "found", "hint"),
    [
        ("ROOT_URLCONF", "tests.webapp.no_urls", "layouts.E001", 'path("api/"'),
        ("TEMPLATES", [], "layouts.E002", "context_processors.request"),
        ("MIDDLEWARE", [], "layouts.W001", "SessionMiddleware"),
        (
            "DATABASES",
            {"default": {"ENGINE": "django.db.backends.sqlite3"}},
            "layouts.W002",
            "IMMEDIATE",
        ),
        ("SECRET_KEY", "django-insecure-" + 40 * "x", "layouts.W005", "SECRET_KEY"),
    ],
)
def test_what_is_missing_is_said_with_the_line_to_add(monkeypatch, name, value, found, hint):
    monkeypatch.setattr(settings, "DEBUG", False)
    monkeypatch.setattr(settings, name, value)
    clear_url_caches()
    set_urlconf(None)  # a request of an earlier test may have left its own
    messages = {message.id: message for message in reversed(host_check())}
    assert hint in (messages[found].hint or "")


@pytest.mark.parametrize("old", sorted(host.MOVED))
def test_a_former_import_path_is_refused_with_the_present_one(monkeypatch, old):
    name = "CACHES" if "Cache" in old else "MIDDLEWARE"
    value = {"default": {"BACKEND": old}} if name == "CACHES" else [old]
    monkeypatch.setattr(settings, name, value)
    assert host.lacking() == f"{name} names {old!r}, which has moved. Write {host.MOVED[old]!r}."
    assert import_string(host.MOVED[old])


def test_a_missing_app_is_named(monkeypatch):
    monkeypatch.setattr(apps, "is_installed", lambda name: name != "webapp.privacy")
    assert host.lacking() == "INSTALLED_APPS lacks 'webapp.privacy'. Add what is missing."


OF_ANYBODY = [
    *(f"/api/{p.pattern}" for p in api_urls.urlpatterns),
    *(f"/{p.pattern}" for p in monitoring_urls.urlpatterns),
    "/admin/login/",
]


@pytest.mark.django_db
@pytest.mark.parametrize("address", OF_ANYBODY)
def test_a_host_that_asks_everybody_to_sign_in_does_not_ask_probes_clients_or_readers(
    settings, address
):
    required = "django.contrib.auth.middleware.LoginRequiredMiddleware"
    kept = [name for name in settings.MIDDLEWARE if name != "webapp.middleware.probes_answered"]
    settings.MIDDLEWARE = [*kept, required]

    assert Client().get(address).status_code not in (301, 302)
    assert Client().get("/admin/").status_code == 302  # the middleware is at work


@pytest.mark.parametrize("theirs", ["BigAutoField", "AutoField", "SmallAutoField"])
def test_the_hosts_default_of_primary_keys_changes_no_table_of_ours(tmp_path, theirs):
    site(tmp_path, settings=f"DEFAULT_AUTO_FIELD = 'django.db.models.{theirs}'\n")
    assert "No changes" in run(tmp_path, "-m", "django", "makemigrations", "--check", "--dry-run")


def test_a_host_without_that_default_is_not_warned_of_our_models(tmp_path):
    site(tmp_path, settings="del DEFAULT_AUTO_FIELD\n")
    done = subprocess.run(
        [sys.executable, "-m", "django", "check"], **around(tmp_path), capture_output=True
    )
    assert done.returncode == 0
    assert "W042" not in done.stderr


def test_a_page_in_the_hosts_own_language_has_our_words_in_it(tmp_path):
    site(tmp_path, settings="LANGUAGE_CODE = 'de'\n")
    words = "import django; django.setup(); from django.utils.translation import gettext as word; "
    assert "Rückgängig" in run(tmp_path, "-c", words + "print(word('Undo'))")
