"""Records which subjects each version was trained with, as keyed hashes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, F, OuterRef, QuerySet

from webapp.codebooks.models import Alias, CodebookVersion, Run
from webapp.lib import database
from webapp.lib.times import utc_now
from webapp.subjects.decisions import stored_mark, stored_marks
from webapp.subjects.erasure import AT_ONCE
from webapp.subjects.models import Subject, TrainingErasure, TrainingMark


@dataclass(frozen=True)
class TrainedVersion:
    """A codebook version trained with a given subject's visits. serves: slugs where it is
    champion."""

    version: str
    status: str
    surface: str
    serves: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def training_record(*, run: Run, keys: Iterable[str]) -> None:
    """Records whose visits a run trains with. Must be called after reading them, before training.

    A subject erased in the meantime counts as erased from the version that the run will make.
    """
    wanted = sorted(set(keys))
    for start in range(0, len(wanted), AT_ONCE):
        some = wanted[start : start + AT_ONCE]
        marks = [TrainingMark(run=run, mark=_run_mark(run.pk, key)) for key in some]
        TrainingMark.objects.bulk_create(marks, ignore_conflicts=True)
        with database.atomic():
            # The lock waits for an erasure in progress, so that it is seen here.
            here = Subject.objects.select_for_update().filter(key__in=some).order_by("pk")
            for key in set(some) - set(here.values_list("key", flat=True)):
                trained_versions_mark(key=key, now=utc_now())


def training_carry(*, source: str, target: str) -> None:
    """Transfers the training record of `source` to `target`, with which it was merged."""
    runs = _runs_with(source)
    marks = [TrainingMark(run_id=run, mark=_run_mark(run, target)) for run in runs]
    TrainingMark.objects.bulk_create(marks, ignore_conflicts=True)
    _marks_of(runs, source).delete()


@database.atomic
def trained_versions_mark(*, key: str, now: datetime) -> list[TrainedVersion]:
    """Marks the versions trained with the key's visits for retraining, and deletes the key's
    marks."""
    runs = _runs_with(key)
    for run in sorted([*runs, *_runs_after(runs)]):  # one order for all that lock them
        columns = {"last_at": now}
        row, _ = TrainingErasure.objects.get_or_create(run_id=run, defaults=columns)
        TrainingErasure.objects.filter(pk=row.pk).update(subjects=F("subjects") + 1, last_at=now)
    _marks_of(runs, key).delete()
    return _versions([*runs, *_runs_after(runs)])


def trained_versions(key: str) -> list[TrainedVersion]:
    """The versions trained with the key's visits, and those refreshed from them."""
    runs = _runs_with(key)
    return _versions([*runs, *_runs_after(runs)])


def version_erasures(version: CodebookVersion) -> int:
    """Returns how many of the version's training subjects have been erased."""
    rows = TrainingErasure.objects.filter(run__version=version)
    return sum(rows.values_list("subjects", flat=True))


def version_subjects(version: CodebookVersion) -> int:
    """Returns how many of the version's training subjects are still known.

    Several runs on equal visits make one version; only the latest run is counted.
    """
    last = _recorded(Run.objects.filter(version=version)).order_by("-pk").first()
    return TrainingMark.objects.filter(run=last).count() if last else 0


def _runs_with(key: str) -> list[int]:
    """Runs that trained with the key's visits, the latest first."""
    runs = _recorded(Run.objects.all()).values_list("pk", flat=True)
    found = _marks_of(runs, key).values_list("run_id", flat=True)
    return sorted(set(found), reverse=True)


def _recorded(runs: QuerySet[Run]) -> QuerySet[Run]:
    """Those that have marks. Looks for one mark of each run, as a run has one for every person."""
    return runs.filter(Exists(TrainingMark.objects.filter(run=OuterRef("pk"))))


def _marks_of(runs: Iterable[int], key: str) -> QuerySet[TrainingMark]:
    """The key's marks, by the index of runs and marks."""
    of = {run: stored_marks("training", f"{run}\n{key}") for run in runs}
    marks = [mark for some in of.values() for mark in some]
    return TrainingMark.objects.filter(run__in=list(of), mark__in=marks)


def _runs_after(runs: Sequence[int]) -> list[int]:
    """Runs of versions that were refreshed, directly or not, from what these runs made."""
    made = set(_with_version(runs).values_list("version_id", flat=True))
    known, fresh = set(made), set(made)
    while fresh:
        children = CodebookVersion.objects.filter(parent__in=fresh).values_list("pk", flat=True)
        fresh = set(children) - known
        known |= fresh
    after = _recorded(Run.objects.filter(version__in=known - made))
    return sorted(set(after.values_list("pk", flat=True)) - set(runs), reverse=True)


def _with_version(runs: Sequence[int]) -> QuerySet[Run]:
    return Run.objects.filter(pk__in=runs).exclude(version=None)


def _versions(runs: Sequence[int]) -> list[TrainedVersion]:
    found = {}
    for run in _with_version(runs).select_related("surface", "version").order_by("-pk"):
        assert run.version is not None
        version = run.version
        aliases = Alias.objects.filter(version=version, name=Alias.Name.CHAMPION)
        serves = tuple(sorted(aliases.values_list("surface__slug", flat=True)))
        found[version.pk] = TrainedVersion(version.name, version.status, run.surface.slug, serves)
    return list(found.values())


def _run_mark(run: int, key: str) -> str:
    """Hashes run and key together, so that rows of one subject cannot be linked across runs."""
    return stored_mark("training", f"{run}\n{key}")
