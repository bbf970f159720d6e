"""What the engine says of a definition is said in the reader's language, with its values kept."""

from __future__ import annotations

import json
import re

import pytest
from django.urls import reverse
from django.utils import translation

from tests.uiengine.page.test_surface_schema import SMALL, WRONG, changed
from tests.webapp.conftest import COURSE
from uiengine import guardrails
from uiengine.errors import SurfaceError
from uiengine.page import feasibility
from uiengine.page.surface_json import parse
from webapp.surfaces import sentences
from webapp.surfaces.checks import definition_check, text_check

LG = SMALL["breakpoints"][0]
MORE = [
    (("breakpoints",), [LG, LG]),
    (("breakpoints",), [LG, {**LG, "name": "twin"}]),
    (("breakpoints",), "lg"),
    (("zone",), "Europe/Berlim"),
    (("zone",), "zzzz"),
    (("blocks", 0), "forum"),
    (("blocks", 0, "group"), "nowhere"),
    (("blocks", 0, "title"), "a\u0001"),
    (("blocks", 0, "sizes"), {"xl": {"default": [1, 1]}}),
    (("blocks", 0, "sizes"), {"lg": {"default": [13, 1]}}),
    (("blocks", 0, "sizes"), {"*": {"default": [2, 1], "max": [1, 1]}}),
    (("blocks", 0, "sizes"), {"*": {"default": [1]}}),
    (("blocks", 0, "pinned"), {"xl": [0, 0]}),
    (("row_height",), 2**60),
    (("note",), "x" * 1_000_001),
    (("guardrails",), {"stretch": 1}),
]


def refused(path, value) -> SurfaceError:
    with pytest.raises(SurfaceError) as found:
        feasibility.refuse_impossible(parse(changed(path, value)))
    return found.value


@pytest.mark.parametrize("language", ["de", "ar"])
@pytest.mark.parametrize(("path", "value"), [*WRONG, *MORE], ids=lambda part: str(part)[:30])
def test_every_refusal_is_translated(language, path, value):
    error = refused(path, value)

    with translation.override(language):
        problem, step = sentences.said(error.problem), sentences.said(error.next_step)
        whole = sentences.refusal(error)

    assert problem != error.problem and step != error.next_step
    assert (
        problem in whole and step in whole and error.field in whole and repr(error.value) in whole
    )
    assert "{" not in problem + step or "{" in error.problem + error.next_step
    for kept in re.findall(r"\d+(?:,\d{3})*", error.problem + error.next_step):
        assert kept in problem + step


@pytest.mark.parametrize(("path", "value"), [*WRONG, *MORE], ids=lambda part: str(part)[:30])
def test_in_english_a_refusal_is_as_the_engine_says_it(path, value):
    error = refused(path, value)

    with translation.override("en"):
        assert sentences.refusal(error) == str(error)


def test_the_table_of_rules_is_that_of_the_guardrails():
    assert set(sentences.RULES) == {rule.SENTENCE for rule in guardrails.RULES}


@pytest.mark.parametrize("language", ["de", "ar"])
def test_every_sentence_of_the_table_is_translated_with_its_values(language):
    tables = (sentences.RULES, sentences.CLASHES, sentences.PROBLEMS, sentences.STEPS)
    for template in (sentence for table in tables for sentence in table):
        with translation.override(language):
            translated = translation.gettext(template)

        assert translated != template
        assert set(re.findall(r"\{\w+\}", translated)) == set(re.findall(r"\{\w+\}", template))


@pytest.mark.parametrize("language", ["de", "ar"])
def test_clashes_and_unreadable_json_are_translated(language):
    blocks = [dict(block) for block in COURSE["blocks"]]
    blocks[4]["pinned"] = blocks[0]["pinned"]
    clashing = {**COURSE, "blocks": blocks}
    with translation.override("en"):
        english = definition_check(clashing, slug="page", mode="live").problems
        unread = text_check("{", slug="page", mode="live").problems

    with translation.override(language):
        clashes = definition_check(clashing, slug="page", mode="live").problems
        other = text_check("{", slug="page", mode="live").problems

    assert [p.field for p in clashes] == [p.field for p in english] != []
    assert all(a.says != b.says for a, b in zip(clashes, english, strict=True))
    assert all(repr(p.block) in p.says for p in clashes)
    assert other[0].says != unread[0].says


@pytest.mark.django_db
@pytest.mark.parametrize(("language", "saved"), [("de", "gespeichert"), ("ar", "يمكن حفظه")])
def test_the_check_answers_in_the_language_of_the_page(admin_client, language, saved):
    address = reverse("admin:uiengine_surfaces_surface_check")

    shown = admin_client.post(
        address, {"definition": json.dumps(COURSE)}, headers={"Accept-Language": language}
    ).content.decode()

    assert saved in shown and "May be saved" not in shown
    assert not any(sentence in shown for sentence in sentences.RULES)
