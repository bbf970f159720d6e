"""The page points to the block expected next: in the payload, in HTML, and not for everybody."""

from __future__ import annotations

import pytest
from django.http import HttpRequest
from django.template import Context, Template

from tests.webapp.conftest import COURSE
from webapp.serving.pages import serving
from webapp.surfaces.services import surface_save

pytestmark = pytest.mark.django_db(transaction=True)
TAG = Template("{% load adaptive_layout %}{% adaptive_layout 'course-home' subject=who %}")


def pointing(how: str) -> None:
    surface_save({**COURSE, "guardrails": {**COURSE.get("guardrails", {}), "emphasis": how}})
    serving.refresh()


def known(person, worker) -> dict:
    """A person of four visits with one block; returns the layout of the fifth."""
    for _ in range(4):
        person.visit("glossary")
        worker.work()
    return person.layout()


def html(who: str) -> str:
    return TAG.render(Context({"request": HttpRequest(), "who": who}))


def test_the_payload_says_which_block_and_how_sure(owner, stranger, worker):
    assert owner.layout()["emphasis"] is None
    pointing("appear")
    found = known(owner, worker)["emphasis"]
    assert (found["how"], found["block"]) == ("appear", "glossary")
    assert 0.5 <= found["probability"] <= 1
    assert stranger.layout()["emphasis"] is None


def test_nothing_moves_by_it(owner, worker):
    plain = known(owner, worker)
    pointing("mark")
    pointed = owner.layout()
    assert plain["emphasis"] is None and pointed["emphasis"]
    assert (pointed["order"], pointed["layouts"]) == (plain["order"], plain["layouts"])


def test_a_dry_run_and_a_frozen_page_point_to_nothing(owner, worker):
    pointing("appear")
    known(owner, worker)
    owner.wish("freeze", on=True)
    assert owner.layout()["emphasis"] is None
    owner.wish("freeze", on=False)
    surface_save({**COURSE, "guardrails": {"emphasis": "appear"}, "mode": "dry_run"})
    serving.refresh()
    assert owner.layout()["emphasis"] is None


def test_a_mark_is_text_that_everybody_can_read(owner, worker):
    pointing("mark")
    known(owner, worker)
    page = html(owner.key)
    assert page.count("Likely next") == 1
    assert "data-expected>" in page.split('<section data-block="glossary"')[1][:60]
    assert "al-follow" not in page and "data-pointing" not in page


def test_without_it_the_page_is_as_before(owner, worker):
    known(owner, worker)
    page = html(owner.key)
    assert not any(word in page for word in ("data-expected", "al-follow", "data-pointing"))
