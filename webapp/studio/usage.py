"""Counts the codes that current subjects of a surface have under a version; aggregates only.

Tokens are recomputed from the profiles of at most MOST_SUBJECTS people, most recent first. Slices
come from attributes that people consented to: values of few people are merged, and a code that few
people of any slice have is not split at all, so that no person can be identified.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from django.core.cache import cache
from django.db.models import Q

from uiengine.model.version import CodebookVersion
from uiengine.request import Request
from webapp.codebooks.pipeline.stored_visits import NOBODY
from webapp.serving.pages import Page, serving
from webapp.subjects import mappers
from webapp.subjects.attributes import USUAL, Reading, reading_record
from webapp.subjects.models import PersonalAttributes, Profile

log = logging.getLogger(__name__)
MOST_SUBJECTS = 2000
LEAST_SLICE = 10
"""Minimum of people in a slice; smaller ones are merged."""
LEAST_CELL = 5
"""Minimum of people per slice who have a code; otherwise it is not split by the attribute."""
KEPT = 300
"""Seconds for which counts stay in the cache."""
BATCH = 500


@dataclass(frozen=True)
class Usage:
    """tokens: of each subject. slices: per attribute, the value of each subject, in that order."""

    tokens: tuple[tuple[int, ...], ...]
    slices: Mapping[str, tuple[str, ...]]

    @property
    def subjects(self) -> int:
        return len(self.tokens)

    @cached_property
    def stages(self) -> tuple[Counter[int], ...]:
        """Counts subjects per code, for each residual stage."""
        most = max((len(t) for t in self.tokens), default=0)
        return tuple(Counter(t[s] for t in self.tokens if len(t) > s) for s in range(most))

    def stage(self, index: int) -> Counter[int]:
        return self.stages[index] if index < len(self.stages) else Counter()

    def prefix(self, length: int) -> tuple[int, ...] | None:
        """Returns the most common first `length` tokens; None where no subject has as many."""
        found = Counter(t[:length] for t in self.tokens if len(t) >= length)
        return found.most_common(1)[0][0] if found else None

    def split(self, stage: int, code: int) -> dict[str, dict[str, float] | None]:
        """Returns per attribute the share of each slice with the code; None for too few people."""
        return {name: self._shares(stage, code, values) for name, values in self.slices.items()}

    def _shares(self, stage: int, code: int, values: Sequence[str]) -> dict[str, float] | None:
        rows = list(zip(self.tokens, values, strict=True))
        having = Counter(v for t, v in rows if len(t) > stage and t[stage] == code)
        people = Counter(values)
        if any(having[value] < LEAST_CELL for value in people):
            return None
        return {value: having[value] / people[value] for value in sorted(people)}


def usage_of(version: CodebookVersion, page: Page, day: int, who: str) -> Usage:
    """Returns the usage, cached for KEPT seconds. who: looks at it, for the log of readings."""
    name = f"studio:usage:{version.id}:{page.surface_id}:{page.fingerprint}:{day}".replace(" ", "_")
    try:
        found: Usage | None = cache.get(name)
    except Exception:
        log.warning("cache.unavailable", exc_info=True)
        return _count(version, page, day, who)
    if found is None:
        found = _count(version, page, day, who)
        cache.set(name, found, KEPT)
    return found


def _count(version: CodebookVersion, page: Page, day: int, who: str) -> Usage:
    rows = Profile.objects.filter(surface_id=page.surface_id).order_by("-updated_at", "-pk")
    for start in NOBODY:
        rows = rows.exclude(subject__key__startswith=start)
    profiles = list(rows.only("state", "subject_id")[:MOST_SUBJECTS])
    popularity = serving.popularity(page, day)
    requests = [
        Request(page.surface, mappers.to_state(row).profile, popularity, day) for row in profiles
    ]
    tokens = [
        decoded.tokens
        for start in range(0, len(requests), BATCH)
        for decoded in version.read(requests[start : start + BATCH])
    ]
    people = [row.subject_id for row in profiles]
    return Usage(tuple(tokens), _slices(people, page, who))


def _slices(people: Sequence[int], page: Page, who: str) -> dict[str, tuple[str, ...]]:
    """Returns each person's slice, for attributes that enough people have."""
    known: dict[int, dict[str, str]] = {}
    rows = PersonalAttributes.objects.filter(
        Q(surface=page.surface_id) | Q(surface=None), subject__profiles__surface=page.surface_id
    )
    wanted = set(people)
    for person, values in rows.order_by("surface_id").values_list("subject_id", "values"):
        if person in wanted:
            known.setdefault(person, {}).update({k: str(v) for k, v in values.items()})
    reading = Reading(who, "codes by slice, in the gallery of a version")
    reading_record(reading, page.surface.slug, USUAL, list(known.values()))
    found = {}
    for name in USUAL:
        values = [known.get(person, {}).get(name, "not given") for person in people]
        if merged := _merged(values):
            found[name] = merged
    return found


def _merged(values: Iterable[str]) -> tuple[str, ...]:
    """Merges values of few people under a joint name; empty where fewer than two slices remain."""
    values = list(values)
    counts = Counter(values).most_common()
    groups: list[tuple[list[str], int]] = []
    for value, count in sorted(counts, key=lambda pair: (-pair[1], pair[0])):
        if groups and (count < LEAST_SLICE or groups[-1][1] < LEAST_SLICE):
            groups[-1][0].append(value)
            groups[-1] = (groups[-1][0], groups[-1][1] + count)
        else:
            groups.append(([value], count))
    if len(groups) < 2 or any(count < LEAST_SLICE for _, count in groups):
        return ()
    names = {value: " or ".join(sorted(group)) for group, _ in groups for value in group}
    return tuple(names[value] for value in values)
