"""POST /api/counts: one visit's blocks, of nobody in particular; off unless a site turns it on."""

from __future__ import annotations

import pytest
from django.test import Client

from webapp.surfaces.models import PopularityDay

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def on(page, clock, settings):
    settings.UIENGINE_DEVICE_COUNTS = True


def sent(client: Client | None = None, **body: object):
    given = {"surface": "course-home", "blocks": ["forum"], **body}
    asked = client or Client()
    return asked.post("/api/counts", given, content_type="application/json")


def test_is_off_by_default(page, clock):
    answer = sent()

    assert answer.status_code == 404
    assert answer.json()["type"].endswith("counts-off")
    assert not PopularityDay.objects.exists()


def test_a_visit_is_added_to_todays_popularity_and_nothing_else_is_kept(on, django_user_model):
    client = Client(enforce_csrf_checks=True)
    client.force_login(django_user_model.objects.create_user("ada"))

    answers = [sent(client, blocks=["forum", "links", "forum"]), sent(blocks=["forum"])]

    assert [answer.status_code for answer in answers] == [204, 204]
    assert not any(answer.cookies for answer in answers)
    row = PopularityDay.objects.get()
    assert (row.shares, row.newcomers) == ({"forum": 1.5, "links": 0.5}, {})
    assert (row.visits, row.people) == (2, 0)


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        ({"surface": "nowhere"}, 404, "surface-unknown"),
        ({"blocks": ["shoes"]}, 400, "block-not-on-page"),
        ({"blocks": []}, 400, "field-not-valid"),
        ({"blocks": "forum"}, 400, "field-not-valid"),
    ],
)
def test_bad_counts_are_refused_with_the_next_step(on, body, status, kind):
    answer = sent(**body)

    assert answer.status_code == status
    assert kind in answer.json()["type"]
    assert answer.json()["next_step"]
    assert not PopularityDay.objects.exists()


@pytest.mark.usefixtures("one_minute")
def test_counts_are_limited_per_address(on, settings):
    settings.UIENGINE_THROTTLES = {**settings.UIENGINE_THROTTLES, "write": 2}

    assert [sent().status_code for _ in range(3)] == [204, 204, 429]
