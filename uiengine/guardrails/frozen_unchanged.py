"""Frozen and opted-out subjects keep the layout they have."""

from collections.abc import Iterator

from uiengine.guardrails.case import Case
from uiengine.page.layout import moved_blocks

SENTENCE = "Frozen and opted-out subjects keep the layout they have."


def broken(case: Case) -> Iterator[str]:
    held = case.feedback.frozen or case.feedback.opted_out
    moved = [*moved_blocks(case.before, case.layout.order), *case.resized()]
    if held and moved and not case.by_user:
        yield ", ".join(moved)
