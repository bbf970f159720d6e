"""Advances the time of a simulated person."""

from __future__ import annotations

from webapp.subjects.models import Subject
from webapp.subjects.services import visit_end
from webapp.surfaces.models import Surface


def visit_next(*, key: str, slug: str) -> None:
    """Ends the open visit and moves a day on; does nothing for a key without a subject."""
    subject = Subject.objects.filter(key=key).first()
    if subject is not None:
        visit_end(subject=subject, surface=Surface.objects.get(slug=slug), days=1)
