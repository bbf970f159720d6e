"""GET /api/health and GET /api/schema."""

from __future__ import annotations

import json
import warnings

import pytest
from django.core.management import call_command
from django.test import Client

from webapp.layouts import serializers

pytestmark = pytest.mark.django_db


def test_is_unwell_until_a_page_can_be_served(db):
    response = Client().get("/api/health")

    assert response.status_code == 503
    assert "load_fixtures" in response.json()["next_step"]


def test_is_well_once_a_page_can_be_served(page):
    response = Client().get("/api/health")

    assert response.status_code == 200
    assert response.json()["status"] == "ok"


def test_the_schema_is_openapi_3_1_without_warnings(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        call_command(
            "spectacular",
            file=str(tmp_path / "schema.yml"),
            validate=True,
            fail_on_warn=True,
            custom_settings="webapp.layouts.api.schema.SETTINGS",
        )

    schema = json.loads(Client().get("/api/schema").content)
    assert schema["openapi"].startswith("3.1")
    assert set(schema["paths"]) == {
        "/api/layout",
        "/api/events",
        "/api/feedback",
        "/api/me",
        "/api/health",
    }


def test_the_schema_names_every_field_of_a_layout(owner):
    layout = owner.layout()

    assert set(layout) == set(serializers.LayoutOut().fields)
    item = layout["layouts"]["desktop"][0]
    assert set(item) <= set(serializers.ItemOut().fields)
    assert set(layout["elements"][item["id"]]) == set(serializers.ElementOut().fields)
