"""Records who accepts a report that could not tell, once: the first name stays."""

from __future__ import annotations

from django.db.models import Model

from webapp.lib.times import utc_now

MOST = 500
"""Characters that are kept of name and reason."""


def acknowledge_once(report: Model, name: str, why: str, **more: object) -> None:
    """Writes name and reason to a report's `acknowledgement`, and `more` to other fields.

    Raises ValueError where somebody has acknowledged it before, also at the same moment.
    """
    rows = type(report)._default_manager.filter(pk=report.pk)
    text = f"{name}: {why}"[:MOST]
    given = {"acknowledged_at": utc_now(), "acknowledgement": text, **more}
    if not rows.filter(acknowledged_at=None).update(**given):
        first = rows.values_list("acknowledgement", flat=True).get()
        raise ValueError(f"why: {first!r} acknowledged it before, and stays. Promote the version.")
    report.refresh_from_db(fields=list(given))
