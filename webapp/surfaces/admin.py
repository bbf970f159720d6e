"""Admin of surfaces; a definition is checked in full before it is saved."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.forms.widgets import Script
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from uiengine import guardrails
from webapp.surfaces.checks import (
    SHAPE,
    Checked,
    Problem,
    definition_check,
    text_check,
)
from webapp.surfaces.dashboards.admin import upload
from webapp.surfaces.definition_field import DefinitionField
from webapp.surfaces.editor import DefinitionEditor
from webapp.surfaces.models import Surface
from webapp.surfaces.preview import default_layout_svg
from webapp.surfaces.signals import surface_defined

DEFINITION_HELP = _(
    "JSON: breakpoints (name, min_width, columns, viewport_height), row_height in px, zone (in "
    "which days are cut, such as Europe/Berlin; UTC without it), groups, "
    "guardrails (move_budget, min_target_px), and blocks (id, kind, title, sizes, pinned, "
    "required, group, navigation, help) in their default order. See fixtures/surfaces for whole "
    "examples."
)
EDITED = (
    *("slug", "title", "mode", "visit_minutes"),
    *("control_percent", "event_days", "decision_days", "idle_days"),
)


class SurfaceForm(forms.ModelForm):  # type: ignore[type-arg]
    definition = DefinitionField(
        widget=DefinitionEditor(
            attrs={"rows": 30, "cols": 100, "spellcheck": "false", "dir": "ltr"}
        ),
        help_text=DEFINITION_HELP,
    )
    opened = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and "opened" in self.fields:  # a read-only form has no fields
            self.fields["opened"].initial = self.instance.updated_at.isoformat()

    class Meta:
        model = Surface
        fields = (*EDITED, "definition")
        help_texts = {  # noqa: RUF012
            "slug": "In the address of the API. Renaming it orphans the pages that use it.",
            "title": "For people.",
            "mode": "Live serves adapted layouts. Off and dry run serve the default; off stops "
            "adapting for everybody within a second.",
        }

    def clean(self) -> dict[str, Any] | None:
        data = super().clean() or self.cleaned_data
        self._refuse_stale(data.get("opened", ""))
        definition = data.get("definition")
        if definition is None or "slug" not in data:
            return data
        checked = definition_check(
            definition, slug=data["slug"], mode=data.get("mode", "live"), pk=self.instance.pk
        )
        if checked.problems:
            raise ValidationError({"definition": [_refusal(p) for p in checked.problems]})
        return data

    def _refuse_stale(self, opened: str) -> None:
        """Refuses a form that was opened before the last change.

        Saving it would revert that change: a switch to off, or another admin's edit.
        """
        if not opened or not self.instance.pk or opened == self.instance.updated_at.isoformat():
            return
        names = [str(self.fields[n].label or n) for n in self.changed_data if n != "opened"]
        raise ValidationError(
            "This surface was changed since you opened the form; nothing was saved, and what you "
            f"typed is still below. It differs from what is kept now in: {', '.join(names)}. Open "
            "the surface in another tab and carry over what you want to change.",
            code="stale",
        )


def _refusal(problem: Problem) -> str:
    return str(problem) if problem.rule == SHAPE else f"No layout keeps {problem}"


@admin.register(Surface)
class SurfaceAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    form = SurfaceForm
    change_list_template = "uiengine_surfaces/change_list.html"
    list_display: tuple[str, ...] = (
        "slug",
        "title",
        "mode",
        "revision",
        "blocks",
        "updated_at",
    )
    list_filter = ("mode",)
    search_fields = ("slug", "title")
    readonly_fields: ClassVar[tuple[str, ...]] = ("revision", "preview")
    fieldsets = (
        (None, {"fields": (*EDITED, "revision")}),
        (
            "Blocks and rules",
            {"fields": ("definition", "preview"), "classes": ("definition-and-preview",)},
        ),
    )

    class Media:
        css = {"all": ("uiengine_surfaces/surfaces.css",)}  # noqa: RUF012
        js = (Script("uiengine_surfaces/definition.js", type="module"),)

    def get_urls(self) -> list[URLPattern]:
        view, name = self.admin_site.admin_view, "uiengine_surfaces_surface"
        return [
            path("check/", view(self.check_view), name=f"{name}_check"),
            path("import/", view(self.import_view), name=f"{name}_import"),
            *super().get_urls(),
        ]

    def check_view(self, request: HttpRequest) -> HttpResponse:
        """Shows the mistakes of a definition as typed, and its default layout. Saves nothing."""
        if not (self.has_change_permission(request) or self.has_add_permission(request)):
            raise PermissionDenied("Checking needs uiengine_surfaces.change_surface.")
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        checked = text_check(
            request.POST.get("definition", ""),
            pk=_number(request.GET.get("saved", "")),
            slug=request.POST.get("slug") or "surface",
            mode=request.POST.get("mode") or Surface.Mode.LIVE,
        )
        return HttpResponse(_checked_html(checked))

    def import_view(self, request: HttpRequest) -> HttpResponse:
        """Takes a dashboard that another tool saved."""
        change = "admin:uiengine_surfaces_surface_change"
        return upload(request, self, lambda pk: reverse(change, args=[pk]))

    def get_fieldsets(self, request: HttpRequest, obj: Surface | None = None) -> Any:
        """Adds the hidden field that guards against stale forms, for admins who may save."""
        found = super().get_fieldsets(request, obj)
        if obj is None or not self.has_change_permission(request, obj):
            return found
        (name, options), *others = found
        return [(name, {**options, "fields": (*options["fields"], "opened")}), *others]

    def save_model(self, request: HttpRequest, obj: Surface, form: Any, change: bool) -> None:
        if change and "definition" in form.changed_data:
            obj.revision += 1
        super().save_model(request, obj, form, change)
        surface_defined.send(sender=Surface, surface=obj)

    @admin.display(description="Blocks")
    def blocks(self, surface: Surface) -> int:
        return len(surface.definition.get("blocks", ()))

    @admin.display(description="Default layout, as defined")
    def preview(self, surface: Surface) -> SafeString:
        """Shows the check's result; JavaScript renews it while the definition is typed."""
        kept = Checked(None)
        if surface.pk:
            mode = surface.mode
            kept = definition_check(surface.definition, slug=surface.slug, mode=mode, pk=surface.pk)
        return format_html(
            '<div id="definition-check" data-check="{}?saved={}"><p class="says" role="status"></p>'
            '<div class="checked">{}</div></div>',
            reverse("admin:uiengine_surfaces_surface_check"),
            surface.pk or "",
            _checked_html(kept),
        )


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


def _checked_html(checked: Checked) -> SafeString:
    picture = mark_safe(default_layout_svg(checked.surface)) if checked.surface else ""
    rules = [(rule.__name__.rsplit(".", 1)[-1], rule.SENTENCE) for rule in guardrails.RULES]
    context = {"checked": checked, "picture": picture, "rules": rules}
    return mark_safe(render_to_string("uiengine_surfaces/checked.html", context))
