"""Translations of the demo's layout statuses, and the pages' icon."""

from __future__ import annotations

import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from django.utils import translation

from webapp.demo.words import STATUSES
from webapp.layouts.api.layout_serializers import LayoutOut


def test_every_status_that_the_api_knows_has_a_word():
    assert set(STATUSES) == set(LayoutOut().fields["status"].choices)


@pytest.mark.parametrize("language", ["de", "ar"])
def test_every_word_of_a_status_is_translated(language):
    with translation.override(language):
        said = {translation.gettext(word) for word in STATUSES.values()}
    assert len(said) == len(STATUSES) and not said & set(STATUSES.values())


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("language", "status"), [("en", "adapted"), ("de", "angepasst"), ("ar", "مُكيَّف")]
)
def test_the_panel_says_the_status_in_the_readers_language(page, language, status):
    html = Client().get("/", headers={"Accept-Language": language}).content.decode()
    assert f'<span class="badge">{status}</span>' in html


@pytest.mark.django_db
def test_pages_have_an_icon_and_browsers_that_guess_find_it():
    asked = Client().get("/favicon.ico")
    assert asked.status_code == 302
    assert finders.find(asked["Location"].removeprefix("/static/"))
    for path in ("/admin/login/", "/api/errors"):
        assert f'href="{asked["Location"]}"' in Client().get(path).content.decode()
