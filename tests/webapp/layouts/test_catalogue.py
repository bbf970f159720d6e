"""The error catalogue lists exactly the errors that the API returns."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.test import Client
from rest_framework.exceptions import APIException, NotAcceptable

from webapp.layouts.errors import catalogue
from webapp.subjects.authentication import MissingScope

SOURCES = [p.read_text() for p in Path(catalogue.__file__).parents[1].rglob("*.py")]
OURS = set(re.findall(r'Problem\(\s*"([\w-]+)"', "".join(SOURCES)))
OURS |= set(re.findall(r'KINDS\["([\w-]+)"\]', "".join(SOURCES)))
OURS |= {"surface-unknown", "surface-missing"}  # one expression chooses between them


def test_every_error_raised_is_listed_and_every_listed_one_is_raised():
    assert OURS | set(catalogue.OF_FRAMEWORK.values()) == set(catalogue.KINDS)


def test_every_error_of_the_framework_has_an_entry_of_its_status():
    possible = set(APIException.__subclasses__()) - {NotAcceptable}
    framework = {kind for kind in possible if kind.__module__ == "rest_framework.exceptions"}
    assert framework | {MissingScope} == set(catalogue.OF_FRAMEWORK)
    for kind, slug in catalogue.OF_FRAMEWORK.items():
        if slug != "credentials-not-valid" or kind.__name__ == "AuthenticationFailed":
            assert catalogue.KINDS[slug].status == kind.status_code


@pytest.mark.parametrize(
    ("method", "path", "sent", "slug"),
    [
        ("get", "layout", {}, "surface-missing"),
        ("get", "layout?surface=nowhere", {}, "surface-unknown"),
        ("get", "layout?surface=course-home&variants=x", {}, "variants-out-of-range"),
        ("post", "events", {"data": {"events": []}}, "field-not-valid"),
        ("post", "events", {"data": "{", "content_type": "application/json"}, "body-not-readable"),
        ("post", "events", {"data": "x", "content_type": "text/plain"}, "media-type"),
        ("put", "events", {}, "method-not-allowed"),
        ("get", "me", {}, "nobody-to-do-this-for"),
        ("get", "me", {"headers": {"Authorization": "Bearer ut_x"}}, "credentials-not-valid"),
        ("post", "me", {"data": {"consent": True}}, "not-allowed"),
    ],
)
def test_the_type_of_an_error_leads_to_its_entry(page, method, path, sent, slug):
    client = Client(enforce_csrf_checks=True)
    if isinstance(sent.get("data"), dict):
        sent = {**sent, "content_type": "application/json"}
    body = getattr(client, method)(f"/api/{path}", **sent).json()
    where, _, fragment = body["type"].partition("#")
    assert fragment == slug
    entry = client.get(where).content.decode().split(f'<section id="{slug}"')[1]
    kind = catalogue.KINDS[slug]
    assert (body["title"], body["status"]) == (kind.title, kind.status)
    assert f'<span class="status">{kind.status}</span> {kind.title}' in entry
