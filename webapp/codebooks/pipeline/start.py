"""Which versions a retrain starts from and is aligned with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from webapp.codebooks.gate.promotion import innate_version
from webapp.codebooks.models import Alias, CodebookVersion, Pipeline
from webapp.codebooks.pipeline.lease import RefusedRunError
from webapp.codebooks.registry import artefacts
from webapp.codebooks.registry.training_record import version_erasures
from webapp.surfaces.models import Surface


@dataclass(frozen=True)
class Start:
    """innate: what a training starts from; None: from the champion. champion: whose tokens keep
    their meaning; None: nobody's."""

    innate: CodebookVersion | None
    champion: CodebookVersion | None

    @property
    def parent(self) -> CodebookVersion | None:
        """The version whose weights the new one goes on from."""
        return self.innate or self.champion


def start_of(surface: Surface, *, is_anew: bool, refreshes: bool) -> Start:
    """Starts from the champion, where it was trained for the surface; a refresh from any.

    From the innate version instead, with the champion's numbers, where that is asked for, and where
    somebody was erased whom the champion learned from: nothing of them may live on in its child.
    """
    innate, champion = innate_version(), champion_of(surface)
    if refreshes:
        return Start(None, champion)
    if champion is None or champion.is_innate:
        return Start(innate, None)
    if innate is not None and (is_anew or version_erasures(champion)):
        return Start(innate, champion)
    return Start(None, champion)


def parent_of(left: Mapping[str, Any], pipeline: Pipeline) -> CodebookVersion | None:
    """Returns the version that the training went on from. left: what the training step left.

    Raises RefusedRunError if somebody whom it learned from was erased since a retrain began.
    """
    if "parent" not in left:  # trained by an earlier release
        refreshes = pipeline.kind == Pipeline.Kind.REFRESH
        return champion_of(pipeline.surface) if refreshes else innate_version()
    parent = CodebookVersion.objects.filter(pk=left["parent"]).first()
    if parent and pipeline.kind == Pipeline.Kind.RETRAIN and version_erasures(parent):
        raise RefusedRunError(
            f"version: somebody whom {parent.name} learned from was erased while it was trained "
            "on. Retrain: it will start from the innate version"
        )
    return parent


def champion_of(surface: Surface) -> CodebookVersion | None:
    rows = Alias.objects.filter(surface=surface, name=Alias.Name.CHAMPION)
    alias = rows.select_related("version").first()
    return alias.version if alias else None


def folder_of(version: CodebookVersion | None) -> Path | None:
    return artefacts.registered(version.folder, version.manifest) if version else None
