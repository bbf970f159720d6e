"""What the API says to people, in the language of the request.

The engine gives reasons as codes with values; its English sentences are marked here for
`manage.py makemessages`, and the translations are in `webapp/locale`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.utils.translation import get_language, gettext, gettext_noop

from uiengine import explain
from uiengine.decision import Reason

SENTENCES = {
    "pinned": gettext_noop("You pinned $title here."),
    "most_visits": gettext_noop("You open $title in most of your visits."),
    "last_visit": gettext_noop("You used $title in your last visit."),
    "some_visits": gettext_noop("You come back to $title regularly."),
    "popular": gettext_noop("Many people here use $title these days."),
    "predicted": gettext_noop("People who use this page as you do often need $title next."),
    "first_visit": gettext_noop("People who are new to this page often need $title."),
    "kept": gettext_noop("Everything stays where you know it: moving it would not save you time."),
}
"""By code; a test holds them against `uiengine.explain.SENTENCES`."""


def reason_sentence(reason: Reason) -> str:
    return _sentence(reason.code, tuple(reason.values.items()), get_language())


@lru_cache(maxsize=4096)
def _sentence(code: str, values: tuple[tuple[str, Any], ...], language: str | None) -> str:
    """language: it is the active one, and here to tell one from another."""
    said = {name: gettext(v) if isinstance(v, str) else v for name, v in values}
    return explain.sentence(Reason(code, "", said), gettext(SENTENCES[code]))


def seconds_note() -> str:
    """Goes with every figure in seconds."""
    return gettext("Seconds are modelled, not measured.")
