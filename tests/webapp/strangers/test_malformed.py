"""Malformed requests and strings get a reason or a layout, never a 500.

`python -m tests.evidence.malformed` runs this at length.
"""

from __future__ import annotations

import json

import pytest
from django.core.signing import Signer
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.evidence.malformed import answers, good_requests
from webapp.subjects import decisions, keys

INPUTS = 400
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
HEADERS = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=400)


@pytest.mark.django_db(transaction=True)
def test_no_spoilt_request_is_a_server_error(page, worker, settings):
    most = 1_000_000
    settings.UIENGINE_THROTTLES = {"layout": most, "write": most, "server_key": most}
    kinds: set[int] = set()
    for sent, answer in answers(good_requests(), INPUTS, seed=7):
        assert answer.status_code < 500, sent
        if answer.content and answer["Content-Type"] == "application/problem+json":
            assert json.loads(answer.content)["next_step"], sent
        kinds.add(answer.status_code)
    assert {200, 202, 400, 401, 403, 404, 405} <= kinds, "the requests reach every kind of answer"


@given(st.text(max_size=400))
def test_any_text_is_no_decision(text):
    with pytest.raises(decisions.UnreadableDecision):
        decisions.read(text)


@given(JSON)
def test_a_signed_string_of_another_shape_is_no_decision(content):
    """Signs arbitrary JSON with the current key, as another release might."""
    with pytest.raises(decisions.UnreadableDecision):
        decisions.read(Signer(salt=decisions.SALT).sign_object(content))


@pytest.mark.django_db
@given(JSON, st.text() | st.from_regex(r"\.[A-Za-z0-9_-]{0,30}", fullmatch=True))
def test_whatever_else_we_signed_is_nobody(content, text):
    now = timezone.now()
    for signed in (
        Signer(salt=keys.TOKEN_SALT).sign_object(content),
        Signer(salt=keys.TOKEN_SALT).sign(text),
    ):
        assert keys.user_token_read(f"{keys.TOKEN_PREFIX}{signed}", now=now) is None
    assert keys.visitor_read(text) is None
    with pytest.raises(decisions.UnreadableDecision):
        decisions.read(Signer(salt=decisions.SALT).sign(text))


@pytest.mark.django_db(transaction=True)
@settings(max_examples=60, suppress_health_check=list(HealthCheck), deadline=None)
@given(accept=HEADERS, held=HEADERS.filter(lambda h: h.strip() != "*"), language=HEADERS)
def test_whatever_the_headers_say_a_layout_is_the_answer(owner, accept, held, language):
    more = {"Accept": accept, "If-None-Match": held, "Accept-Language": language}
    answer = owner.get("layout?surface=course-home", **more)

    assert answer.status_code == 200, answer.content
    assert answer.json()["layouts"]
