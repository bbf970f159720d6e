"""Deletes the files of versions that will not serve again, and what is kept about their training.

The row stays with its card, because reports and the record of moves refer to it; its status says
that the files are gone. A person then is in no such version any more.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from django.db.models import Q, QuerySet

from webapp.codebooks.models import Alias, AliasMove, CodebookVersion, Pipeline, Run
from webapp.codebooks.registry.aliases import surface_lock
from webapp.lib import database, stored_files
from webapp.subjects.models import TrainingErasure, TrainingMark
from webapp.surfaces.models import Surface

KEPT = timedelta(days=90)
"""Age up to which any version keeps its files, and an ended pipeline its rows."""
MOST_BACK = 5
"""Earlier champions of a surface that keep their files whatever their age, to roll back to."""


def versions_remove(*, now: datetime) -> list[str]:
    """Removes all versions that are old and out of service; returns their names."""
    return [version.name for version in _old(now) if _remove(version)]


def pipelines_delete(*, now: datetime) -> int:
    """Deletes ended pipelines and audits by themselves that are old, but for the making of a
    version that still has its files; returns the number of pipelines and runs.

    Training marks of the runs go with them.
    """
    ended = Pipeline.objects.exclude(state=Pipeline.State.RUNNING).filter(
        finished_at__lt=now - KEPT
    )
    gone = Q(version=None) | Q(version__status=CodebookVersion.Status.REMOVED)
    lines = ended.filter(gone | Q(kind=Pipeline.Kind.JUDGE))
    over = (Run.State.DONE, Run.State.FAILED)
    alone = Run.objects.filter(pipeline=None, state__in=over, finished_at__lt=now - KEPT)
    count = lines.count() + alone.count()
    lines.delete()
    alone.delete()
    return count


def _old(now: datetime) -> QuerySet[CodebookVersion]:
    kept = set(Alias.objects.values_list("version_id", flat=True))
    for surface in Surface.objects.all():
        kept |= set(_champions_before(surface))
    rows = CodebookVersion.objects.filter(created_at__lt=now - KEPT).exclude(pk__in=kept)
    rows = rows.exclude(status=CodebookVersion.Status.REMOVED).exclude(manifest__surfaces=[])
    return rows.exclude(pipelines__state=Pipeline.State.RUNNING).distinct()


def _champions_before(surface: Surface) -> list[int]:
    """The last MOST_BACK versions that another one followed as champion, and that may serve."""
    moves = AliasMove.objects.filter(
        surface=surface, name=Alias.Name.CHAMPION, before__isnull=False
    )
    moves = moves.exclude(before__status=CodebookVersion.Status.REFUSED)
    found: dict[int, None] = {}
    for version in moves.order_by("-pk").values_list("before_id", flat=True)[:1000]:
        if version is not None:
            found[version] = None
    return list(found)[:MOST_BACK]


@database.atomic
def _remove(version: CodebookVersion) -> bool:
    """Removes one version, unless it came to serve meanwhile."""
    for surface in version.surfaces.order_by("pk"):
        surface_lock(surface)
    if version.aliases.exists():
        return False
    rows = CodebookVersion.objects.filter(pk=version.pk)
    rows.update(status=CodebookVersion.Status.REMOVED)
    TrainingMark.objects.filter(run__version=version).delete()
    TrainingErasure.objects.filter(run__version=version).delete()
    database.on_commit(partial(stored_files.clear, version.folder))
    return True
