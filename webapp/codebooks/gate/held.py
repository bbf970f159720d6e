"""Ends pipelines that waited for a person, once a person has decided about their version."""

from __future__ import annotations

from webapp.codebooks.models import CodebookVersion, Pipeline
from webapp.lib.times import utc_now
from webapp.surfaces.models import Surface


def held_decide(
    *, surface: Surface, version: CodebookVersion, did: str, ends_others: bool = False
) -> None:
    """Ends the held pipelines of this version with the words `did`.

    ends_others: also those of other versions, which were judged beside a champion that is none any
    more.
    """
    rows = Pipeline.objects.select_for_update().filter(
        surface=surface, state=Pipeline.State.HELD, version__isnull=False
    )
    for line in rows if ends_others else rows.filter(version=version):
        over = f"Overtaken: {version.name} serves."
        said = did if line.version_id == version.pk else over
        line.state = Pipeline.State.DONE
        line.outcome = f"{line.outcome} {said}".strip()
        line.finished_at = line.finished_at or utc_now()
        line.save(update_fields=("state", "outcome", "finished_at"))
