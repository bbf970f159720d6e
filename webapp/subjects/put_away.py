"""What people answered to suggestions to put a block away, for audits."""

from __future__ import annotations

from webapp.subjects.models import Profile
from webapp.surfaces.models import Surface

WISHES = "state__profile__feedback__"


def put_away_answers(surface: Surface, shards: range) -> dict[str, tuple[int, int]]:
    """By subject key: how many blocks were suggested to them, and how many of those they refused.

    Of people in the shards, without those to whom nothing was suggested.
    """
    of = {"subject__shard__gte": shards.start, "subject__shard__lt": shards.stop}
    rows = Profile.objects.filter(
        surface=surface, **of, **{f"{WISHES}suggested__isnull": False}
    ).values_list("subject__key", f"{WISHES}suggested", f"{WISHES}declined")
    return {
        key: (len(suggested), len(suggested.keys() & set(declined or ())))
        for key, suggested, declined in rows.iterator(chunk_size=500)
        if suggested
    }
