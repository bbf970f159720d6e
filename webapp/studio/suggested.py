"""Suggests a default layout from the kinds of a page's blocks, and saves it on request."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.safestring import SafeString, mark_safe

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
    """The page as it is (`now`) and as suggested.

    known: its kinds that the version has learned. learned: number of layouts it learned from.
    """

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
        """Draws the current and the suggested default layout."""
        before, after = (default_layout_svg(page) for page in (self.now, self.suggested))
        return mark_safe(before), mark_safe(after)


def suggestion(row: Surface, version: runtime.CodebookVersion) -> Suggestion | None:
    """Returns a suggestion; None where the version was not trained on layouts that people made."""
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
    """Saves the suggested order and sizes as a new revision of the page.

    Raises SurfaceError where the page has left `revision`, as the suggestion was made for that one.
    """
    blocks = to_json(found.suggested)["blocks"]
    data = {**row.definition, "slug": row.slug, "title": row.title, "blocks": blocks}
    return surface_save(data, read_revision=revision)
