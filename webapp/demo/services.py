"""Letting a simulated person's time pass."""

from __future__ import annotations

from webapp.subjects.models import Subject
from webapp.subjects.services import visit_end
from webapp.surfaces.models import Surface


def visit_next(*, key: str, slug: str) -> None:
    """The open visit is over, and a day later the next may begin. Nothing for who never came."""
    subject = Subject.objects.filter(key=key).first()
    if subject is not None:
        visit_end(subject=subject, surface=Surface.objects.get(slug=slug), days=1)
