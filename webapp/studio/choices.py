"""Forms of the studio's pages, and the objects that their values select."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import QueryDict

from uiengine.behaviour.days import day_of
from uiengine.behaviour.profile import Profile
from uiengine.errors import EngineError
from uiengine.model.version import CodebookVersion as Loaded
from uiengine.page.surface import Surface as EngineSurface
from webapp.codebooks.models import Alias, CodebookVersion
from webapp.lib import times
from webapp.lib.times import utc_now
from webapp.serving.pages import Page, serving
from webapp.studio.loaded import version_load
from webapp.studio.personas import MADE_UP, NEWCOMER, PERSON, Persona, made_up, person, simulated
from webapp.surfaces.models import Surface

MOST_STAGES = 8
MOST_PAGES = 100
MOST_VISITS = 200
MOST_LISTED = 30
MOST_COMPARED = 4
MOST_DIGITS = 18
"""Maximum digits of a primary key; databases reject queries with longer numbers."""


@dataclass(frozen=True)
class Ready:
    """A loaded version, or the reason why it cannot be loaded."""

    loaded: Loaded | None
    refusal: str = ""


def version_ready(row: CodebookVersion) -> Ready:
    try:
        return Ready(version_load(row))
    except (EngineError, OSError) as error:
        return Ready(None, str(error))


def surface_page(surface: Surface) -> Page | None:
    """Returns the page as this process serves it; None where its definition is invalid."""
    page = serving.page(surface.slug)
    if page is None:
        serving.refresh()  # the surface may be newer than the last refresh
        page = serving.page(surface.slug)
    return page


def today_of(surface: EngineSurface) -> int:
    """Returns today's day by the surface's zone."""
    return day_of(times.to_milliseconds(utc_now()), surface.zone)


class ChoiceForm(forms.Form):
    """A form whose fields are all optional: a missing field takes its initial value."""

    refusal = ""

    def chosen(self) -> dict[str, Any]:
        """Returns every field's value; where one is invalid, sets `refusal` and returns {}."""
        given = {name: self.given(name) for name in self.fields}
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

    def given(self, name: str) -> Any:
        return self.data.get(name)


def surface_field(initial: Surface | None) -> forms.ModelChoiceField:  # type: ignore[type-arg]
    return forms.ModelChoiceField(
        Surface.objects.all(),
        to_field_name="slug",
        initial=initial.slug if initial else None,
        empty_label=None,
    )


def first_surface(version: CodebookVersion) -> Surface | None:
    """Returns a surface to show the version on: one it was trained for, one it serves, or any."""
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


class PreviewForm(ChoiceForm):
    """Selects surface, breakpoint, version and person. Blocks' fields are named `uses-<number>`."""

    version = forms.ModelChoiceField(CodebookVersion.objects.all(), empty_label=None)
    at = forms.ChoiceField(label="Breakpoint", required=False)
    who = forms.ChoiceField(label="As whom", initial=NEWCOMER)
    key = forms.CharField(
        label="Key of the person",
        required=False,
        max_length=200,
        help_text="A whole key, such as file:108377. Looking is recorded.",
    )
    visits = forms.IntegerField(
        label="Visits", min_value=1, max_value=MOST_VISITS, initial=12, help_text="Made-up person."
    )
    every = forms.IntegerField(
        label="Days between visits", min_value=0, max_value=60, initial=1, help_text="Made-up."
    )

    def __init__(self, data: Any, *, surface: Surface, page: Page, sees_people: bool) -> None:
        super().__init__(data)
        champion = Alias.objects.filter(surface=surface, name=Alias.Name.CHAMPION).first()
        versions = CodebookVersion.objects.all()
        first = champion.version_id if champion else getattr(versions.first(), "pk", None)
        self.fields["version"].initial = first
        points = [(b.name, f"{b.name}, from {b.min_width} px") for b in page.surface.breakpoints]
        at = self.fields["at"]
        who = self.fields["who"]
        assert isinstance(at, forms.ChoiceField) and isinstance(who, forms.ChoiceField)
        at.choices = [("", "all"), *points]
        made = [(NEWCOMER, "A newcomer"), (MADE_UP, "A made-up person, as below")]
        known = [(PERSON, "A person, by key")] if sees_people else []
        who.choices = [*made, *known, ("Simulated people", simulated(surface.pk))]
        if not sees_people:
            del self.fields["key"]
        for i, block in enumerate(page.surface.blocks):
            self.fields[f"uses-{i}"] = forms.IntegerField(
                label=block.title, min_value=0, max_value=MOST_VISITS, initial=0
            )

    def uses(self, page: Page) -> dict[str, int]:
        """Returns in how many visits a made-up person used each block, at most `visits`."""
        found = {b.id: self.cleaned_data[f"uses-{i}"] for i, b in enumerate(page.surface.blocks)}
        return {block: min(n, self.cleaned_data["visits"]) for block, n in found.items()}

    def common(self) -> list[forms.BoundField]:
        return [f for f in self.visible_fields() if not self._is_made(f.name)]

    def made(self) -> list[forms.BoundField]:
        return [f for f in self.visible_fields() if self._is_made(f.name)]

    @staticmethod
    def _is_made(name: str) -> bool:
        return name.startswith("uses-") or name in ("visits", "every")


def persona_of(form: PreviewForm, page: Page) -> Persona | None:
    """Returns the persona that a valid form selects; None where the key is unknown."""
    who = form.cleaned_data["who"]
    if who == NEWCOMER:
        return Persona(Profile(), today_of(page.surface))
    if who == MADE_UP:
        visits, every = form.cleaned_data["visits"], form.cleaned_data["every"]
        uses = form.uses(page)
        return made_up(page.surface, today_of(page.surface), visits=visits, every=every, uses=uses)
    return person(form.cleaned_data.get("key", "") if who == PERSON else who, page)


class CompareForm(ChoiceForm):
    """Selects two to four versions, and the surface whose audits and gates are compared."""

    version = forms.ModelMultipleChoiceField(
        CodebookVersion.objects.none(), widget=forms.CheckboxSelectMultiple, required=False
    )

    def __init__(self, data: QueryDict) -> None:
        asked = data.getlist("version")
        chosen = [pk for pk in asked if pk.isdecimal() and len(pk) <= MOST_DIGITS]
        data = data.copy()
        data.setlist("version", chosen)  # values that cannot be keys are ignored
        super().__init__(data)
        self._query = data
        self.fields["surface"] = surface_field(Surface.objects.first())
        newest = CodebookVersion.objects.values_list("pk", flat=True)[:MOST_LISTED]
        field = self.fields["version"]
        assert isinstance(field, forms.ModelMultipleChoiceField)
        field.queryset = CodebookVersion.objects.filter(pk__in=[*newest, *chosen])
        self.order_fields(["surface", "version"])

    def given(self, name: str) -> Any:
        return self._query.getlist(name) if name == "version" else self._query.get(name)

    def versions(self) -> list[CodebookVersion]:
        """Returns the chosen versions, or else champion and newest ones, at most MOST_COMPARED."""
        chosen = list(self.cleaned_data["version"])[:MOST_COMPARED]
        if chosen:
            return chosen
        surface = self.cleaned_data["surface"]
        served = CodebookVersion.objects.filter(aliases__surface=surface)
        trained = CodebookVersion.objects.filter(surfaces=surface)
        return list(dict.fromkeys([*served, *trained[:2]]))[:2]
