"""schemathesis: generated requests are answered according to the schema, and never by a 500."""

from __future__ import annotations

import os

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from webapp.wsgi import application

pytestmark = pytest.mark.django_db(transaction=True)
EXAMPLES = int(os.environ.get("STRANGERS", "25"))
"""Requests per operation and kind of caller; a long run sets more."""
CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
)


@pytest.fixture
def described(page):
    return schemathesis.openapi.from_wsgi("/api/schema", application)


schema = schemathesis.pytest.from_fixture("described")


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize="STRANGERS" not in os.environ,
    suppress_health_check=list(HealthCheck),
)
def test_made_up_requests_of_a_user_are_answered_as_described(case, owner):
    response = case.call(headers=owner.headers)
    case.validate_response(response, checks=CHECKS)
