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
from django.utils.translation import gettext
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
from webapp.surfaces.sentences import said
from webapp.surfaces.signals import surface_defined

DEFINITION_HELP = _(
    "JSON: breakpoints (name, min_width, columns, viewport_height), row_height in px, zone (in "
    "which days are cut, such as Europe/Berlin; UTC without it), groups, "
    "guardrails (move_budget, min_target_px), and blocks (id, kind, title, sizes, pinned, "
    "required, group, navigation, help) in their default order. See fixtures/surfaces for whole "
    "examples. Slug, title, mode and control percent are the fields above; the JSON's own do "
    "nothing here."
)
EDITED = (
    *("slug", "title", "mode", "visit_minutes"),
    *("control_percent", "event_days", "decision_days", "idle_days"),
)


class SurfaceForm(forms.ModelForm):  # type: ignore[type-arg]
    definition = DefinitionField(
        label=_("Definition"),
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
        labels = {  # noqa: RUF012
            "slug": _("Slug"),
            "title": _("Title"),
            "mode": _("Mode"),
            "visit_minutes": _("Visit minutes"),
            "control_percent": _("Control percent"),
            "event_days": _("Event days"),
            "decision_days": _("Decision days"),
            "idle_days": _("Idle days"),
        }
        help_texts = {  # noqa: RUF012
            "slug": _("In the address of the API. Renaming it orphans the pages that use it."),
            "title": _("For people."),
            "mode": _(
                "Live serves adapted layouts. Off and dry run serve the default; off stops "
                "adapting for everybody within a second."
            ),
            "visit_minutes": _(
                "Minutes without an event after which a visit is over. A week at most."
            ),
            "control_percent": _(
                "Percent of subjects who keep the default layout, to measure by. Who is among them "
                "follows from a hash of subject and surface and stays. 0: nobody."
            ),
            "event_days": _(
                "Days for which single events are kept once they are folded into profiles. Not "
                "fewer than those in which an event may still arrive, so that none counts twice. "
                "In PostgreSQL they go with their month, up to 31 days later."
            ),
            "decision_days": _(
                "Days for which decisions are kept that came back with events, at least as long as "
                "their events."
            ),
            "idle_days": _(
                "Days without anything new after which a subject's profile and visits here are "
                "deleted. 0: never."
            ),
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
        says = gettext(
            "This surface was changed since you opened the form; nothing was saved, and what you "
            "typed is still below. It differs from what is kept now in: {names}. Open the surface "
            "in another tab and carry over what you want to change."
        )
        raise ValidationError(says.format(names=", ".join(names)), code="stale")


def _refusal(problem: Problem) -> str:
    if problem.rule == SHAPE:
        return str(problem)
    return gettext("No layout keeps {rule}").format(rule=problem)


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
            _("Blocks and rules"),
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

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Surface | None:
        """Locks the surface for a form that saves it, so that of two at the same time the second
        sees what the first saved."""
        found = super().get_object(request, object_id, from_field)
        if found is None or request.method != "POST":
            return found
        return Surface.objects.select_for_update().filter(pk=found.pk).first()

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

    @admin.display(description=_("Blocks"))
    def blocks(self, surface: Surface) -> int:
        return len(surface.definition.get("blocks", ()))

    @admin.display(description=_("Default layout, as defined"))
    def preview(self, surface: Surface) -> SafeString:
        """Shows the check's result; JavaScript renews it while the definition is typed."""
        kept = Checked(None)
        if surface.pk:
            mode = surface.mode
            kept = definition_check(surface.definition, slug=surface.slug, mode=mode, pk=surface.pk)
        return format_html(
            '<div id="definition-check" data-check="{}?saved={}" data-unchecked="{}">'
            '<p class="says" role="status"></p><div class="checked">{}</div></div>',
            reverse("admin:uiengine_surfaces_surface_check"),
            surface.pk or "",
            _("Not checked: {problem}. Saving checks it."),
            _checked_html(kept),
        )


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


def _checked_html(checked: Checked) -> SafeString:
    picture = mark_safe(default_layout_svg(checked.surface)) if checked.surface else ""
    rules = [(rule.__name__.rsplit(".", 1)[-1], said(rule.SENTENCE)) for rule in guardrails.RULES]
    context = {"checked": checked, "picture": picture, "rules": rules}
    return mark_safe(render_to_string("uiengine_surfaces/checked.html", context))
