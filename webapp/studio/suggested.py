"""A first arrangement of a page from its blocks' kinds, and taking it as the page's default."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.safestring import SafeString, mark_safe

from uiengine.errors import SurfaceError
from uiengine.model import version as runtime
from uiengine.model.suggest import known_kinds, suggest
from uiengine.page.surface import Surface as Page
from uiengine.page.surface import to_json
from webapp.surfaces import mappers
from webapp.surfaces.models import Surface
from webapp.surfaces.preview import default_layout_svg
from webapp.surfaces.services import surface_save


@dataclass(frozen=True)
class Suggestion:
    """now, suggested: the page as it is and as suggested; known: its kinds that were learned;
    learned: layouts that they were learned from."""

    now: Page
    suggested: Page
    known: tuple[str, ...]
    learned: int

    @property
    def kinds(self) -> tuple[str, ...]:
        return tuple(sorted({block.kind for block in self.now.blocks}))

    @property
    def is_other(self) -> bool:
        return to_json(self.now) != to_json(self.suggested)

    @property
    def pictures(self) -> tuple[SafeString, SafeString]:
        """The default layout now, and the one suggested."""
        before, after = (default_layout_svg(page) for page in (self.now, self.suggested))
        return mark_safe(before), mark_safe(after)


def suggestion(row: Surface, version: runtime.CodebookVersion) -> Suggestion | None:
    """None where the version learned nothing of layouts people made."""
    if version.layouts is None:
        return None
    page = mappers.to_surface(row)
    training = version.card["layouts"]["training"]
    return Suggestion(
        page,
        suggest(page, version.layouts),
        tuple(known_kinds(page, version.layouts)),
        int(training["layouts"]),
    )


def suggestion_take(row: Surface, found: Suggestion, revision: int) -> Surface:
    """Saves the suggested order and sizes as the page's own, a new revision.

    Raises SurfaceError where the page is not at `revision` any more: it was not this page that the
    suggestion was looked at for.
    """
    if row.revision != revision:
        step = "Look at the suggestion for the page as it is now."
        raise SurfaceError("revision", revision, f"is not the page's, {row.revision}", step)
    return surface_save({**row.full_definition(), "blocks": to_json(found.suggested)["blocks"]})
