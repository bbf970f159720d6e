"""Refuses to take back what the page that asks does not show."""

from __future__ import annotations

from datetime import datetime

from webapp.layouts.answer.context import decision_context
from webapp.layouts.errors.problem import Problem
from webapp.serving.pages import Page
from webapp.subjects.decisions import Served
from webapp.subjects.models import Event


def undo_check(*, key: str, page: Page, served: Served, event_id: str, now: datetime) -> None:
    """Raises Problem if a wish came after the decision, unless this undo was taken before.

    Folding checks it again, in the order of events.
    """
    found = decision_context(key=key, page=page, now=now)
    if served.generation >= found.profile.feedback.generation:
        return
    of_page = Event.objects.filter(profile__subject__key=key, profile__surface=page.surface_id)
    if of_page.filter(event_id=event_id).exists():
        return
    raise Problem(
        "layout-changed",
        "Something was asked for after this decision was made, so the undo would take back what "
        "its page does not show.",
        field="decision",
        value=served.visit,
    )
