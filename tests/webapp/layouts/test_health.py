"""GET /api/health and GET /api/schema."""

from __future__ import annotations

import json
import warnings

import pytest
from django.core.management import call_command
from django.test import Client
from django.test.utils import override_script_prefix
from rest_framework.schemas.openapi import SchemaGenerator

from webapp.layouts.api import layout_serializers
from webapp.layouts.api.schema import DOCUMENT

pytestmark = pytest.mark.django_db


def test_is_unwell_until_a_page_can_be_served(db):
    response = Client().get("/api/health")

    assert response.status_code == 503
    assert "load_fixtures" in response.json()["next_step"]


def test_is_well_once_a_page_can_be_served(page):
    response = Client().get("/api/health")

    assert response.status_code == 200
    assert response.json()["status"] == "ok"


def test_the_document_that_is_shipped_describes_the_code_without_warnings(tmp_path):
    fresh = tmp_path / "openapi.json"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        call_command(
            "spectacular",
            file=str(fresh),
            format="openapi-json",
            validate=True,
            fail_on_warn=True,
            custom_settings="webapp.layouts.api.schema.SETTINGS",
        )

    assert json.loads(fresh.read_text()) == json.loads(DOCUMENT.read_text())


def test_the_schema_has_the_addresses_and_the_cookie_of_the_project(settings):
    settings.SESSION_COOKIE_NAME = "their_session"
    with override_script_prefix("/sub/"):
        schema = json.loads(Client().get("/api/schema").content)

    assert schema["openapi"].startswith("3.1")
    names = ("layout", "events", "feedback", "csrf", "me", "health", "token")
    names += ("me/{surface}", "goals", "counts", "book/{surface}", "book/{surface}/{name}")
    assert set(schema["paths"]) == {f"/sub/api/{name}" for name in names}
    assert schema["components"]["securitySchemes"]["session"]["name"] == "their_session"
    assert b'"/api/' not in json.dumps(schema).encode()


def test_documents_of_a_host_may_list_our_addresses():
    """REST framework's own generator calls a view's schema in another way."""
    found = SchemaGenerator(title="The host's", urlconf="webapp.urls").get_schema(public=True)
    assert {"/api/layout", "/api/me"} <= set(found["paths"])


def test_the_schema_names_every_field_of_a_layout(owner):
    layout = owner.layout()

    assert set(layout) == set(layout_serializers.LayoutOut().fields)
    item = layout["layouts"]["desktop"][0]
    assert set(item) <= set(layout_serializers.ItemOut().fields)
    assert set(layout["elements"][item["id"]]) == set(layout_serializers.ElementOut().fields)
