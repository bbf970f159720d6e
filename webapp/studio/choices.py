"""What the pages' forms let one choose, and what a choice stands for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils import timezone

from uiengine.errors import EngineError
from uiengine.runtime import CodebookVersion as Loaded
from webapp import mappers
from webapp.codebooks.models import Alias, CodebookVersion
from webapp.codebooks.serving import Page, serving
from webapp.surfaces.models import Surface

from .loaded import version_load

MOST_STAGES = 8
MOST_PAGES = 100


@dataclass(frozen=True)
class Ready:
    """A version that can be asked, or why it cannot."""

    loaded: Loaded | None
    refusal: str = ""


def version_ready(row: CodebookVersion) -> Ready:
    try:
        return Ready(version_load(row))
    except (EngineError, OSError) as error:
        return Ready(None, str(error))


def surface_page(surface: Surface) -> Page | None:
    """As this process serves it; None where its definition is refused."""
    page = serving.page(surface.slug)
    if page is None:
        serving.refresh()  # it may have been added a moment ago
        page = serving.page(surface.slug)
    return page


def day_of() -> int:
    """Today, in whole UTC days since 1970."""
    return mappers.to_day(mappers.to_milliseconds(timezone.now()))


class ChoiceForm(forms.Form):
    """A form whose fields may all be left out: the first choice stands for what is not said."""

    refusal = ""

    def chosen(self) -> dict[str, Any]:
        """Every field's value; empty, with `refusal` set, where one is wrong."""
        given = {name: self.data.get(name) for name in self.fields}
        for name, field in self.fields.items():
            if not given.get(name) and field.initial not in (None, ""):
                given[name] = field.initial
        self.data = given
        if self.is_valid():
            return self.cleaned_data
        self.refusal = " ".join(
            f"{name}: {error}" for name, errors in self.errors.items() for error in errors
        )
        return {}


def surface_field(initial: Surface | None) -> forms.ModelChoiceField:  # type: ignore[type-arg]
    return forms.ModelChoiceField(
        Surface.objects.all(),
        to_field_name="slug",
        initial=initial.slug if initial else None,
        empty_label=None,
    )


def first_surface(version: CodebookVersion) -> Surface | None:
    """The page a version is looked at on: one it was trained for, one it serves, or any."""
    serves = Alias.objects.filter(version=version).select_related("surface").first()
    return version.surfaces.first() or (serves and serves.surface) or Surface.objects.first()


class GalleryForm(ChoiceForm):
    stage = forms.TypedChoiceField(
        coerce=int,
        initial=1,
        choices=[(n, f"{n}") for n in range(1, MOST_STAGES + 1)],
        help_text="Residual stage: the first token, the second, …",
    )
    page = forms.IntegerField(
        min_value=1, max_value=MOST_PAGES, initial=1, widget=forms.HiddenInput
    )

    def __init__(self, data: Any, *, version: CodebookVersion) -> None:
        super().__init__(data)
        self.fields["surface"] = surface_field(first_surface(version))
        self.order_fields(["surface", "stage"])
