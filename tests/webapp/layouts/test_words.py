"""Reasons and notes follow the language of the request."""

from __future__ import annotations

import ast
import gettext
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import translation

from uiengine import explain
from uiengine.decision import Reason
from webapp.layouts.answer import payload

LOCALE = Path("webapp/locale")
NUMBERS = ("uses", "visits", "percent", "people")
LANGUAGES = sorted(folder.name for folder in LOCALE.iterdir())


def entries(path: Path) -> dict[str, str]:
    """Returns the translated singular messages of a .po file."""
    found = re.findall(r'^msgid ((?:".*"\n)+)msgstr ((?:".*"\n?)+)', path.read_text(), re.MULTILINE)
    pairs = {_joined(one): _joined(other) for one, other in found}
    return {one: other for one, other in pairs.items() if one and other}


def _joined(lines: str) -> str:
    return "".join(ast.literal_eval(line) for line in lines.splitlines())


def test_the_web_says_what_the_engine_says():
    assert payload.SENTENCES == explain.SENTENCES


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_is_translated_and_names_its_block(language):
    for code, english in payload.SENTENCES.items():
        with translation.override(language):
            reason = Reason(code, "forum", dict.fromkeys(NUMBERS, 12) | {"title": "Forum"})
            said = payload.reason_sentence(reason)
            note = payload.seconds_note()
        assert said != explain.sentence(reason)
        assert ("Forum" in said) == ("$title" in english)
        assert said.count("12") == sum(f"${name}" in english for name in NUMBERS)
        assert note != "Seconds are modelled, not measured."


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_compiled_file_holds_what_the_readable_one_says(language):
    folder = LOCALE / language / "LC_MESSAGES"
    with (folder / "django.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    written = entries(folder / "django.po")
    assert written
    assert {english: compiled.gettext(english) for english in written} == written
    assert language in dict(settings.LANGUAGES)


@pytest.mark.django_db(transaction=True)
def test_a_layout_speaks_the_language_that_is_asked_for(owner, worker):
    for _ in range(4):
        owner.visit("glossary")
        worker.work()
    address = "layout?surface=course-home"

    answers = {lang: owner.get(address, **{"Accept-Language": lang}) for lang in ("en", "de", "ar")}

    bodies = {lang: answer.json() for lang, answer in answers.items()}
    assert len({body["why"]["glossary"] for body in bodies.values()}) == 3
    assert len({answer["ETag"] for answer in answers.values()}) == 3
    assert len({str(body["layouts"]) for body in bodies.values()}) == 1
    assert bodies["de"]["why"]["glossary"].startswith("Sie ")
    assert answers["ar"]["Content-Language"] == "ar"
    assert "Accept-Language" in answers["ar"]["Vary"]
