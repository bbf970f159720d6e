"""The admin's upload of a dashboard: a preview, then the surface."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.utils.safestring import mark_safe

from uiengine.dashboards import FORMATS
from uiengine.errors import EngineError
from webapp.surfaces.dashboards.files import MOST_BYTES
from webapp.surfaces.dashboards.imported import PageRead, page_import, page_read
from webapp.surfaces.models import Surface
from webapp.surfaces.preview import default_layout_svg


class UploadForm(forms.Form):
    file = forms.FileField(help_text="JSON, JSON lines, YAML or ZIP, as the tool exports it.")
    format = forms.ChoiceField(choices=[(name, name) for name in sorted(FORMATS)])
    slug = forms.CharField(
        required=False,
        max_length=100,
        help_text="The surface's name in addresses; made of the page's title where it is empty. "
        "One that was imported before is replaced.",
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > MOST_BYTES:
            raise forms.ValidationError(f"{file.size} bytes, over {MOST_BYTES}: export one page.")
        return file


def upload(
    request: HttpRequest, here: admin.ModelAdmin[Surface], opened: Callable[[int], str]
) -> HttpResponse:
    """Shows what a file would become, or makes it a surface. opened: a surface's address."""
    if not (here.has_add_permission(request) and here.has_change_permission(request)):
        raise PermissionDenied("Importing needs the permissions to add and change surfaces.")
    form = UploadForm(request.POST or None, request.FILES or None)
    read, refused = None, ""
    if request.method == "POST" and form.is_valid():
        read, refused = _read(form)
        if read and "import" in request.POST:
            try:
                row = page_import(read)
            except EngineError as error:
                refused = str(error)
            else:
                done = f"Imported {read.file_name} of {read.format}: revision {row.revision}."
                here.log_change(request, row, done)
                messages.success(request, done)
                return redirect(opened(row.pk))
    shown = mark_safe(shown_html(read, refused)) if read or refused else ""
    context = {
        **here.admin_site.each_context(request),
        "title": "Import a dashboard",
        "opts": here.opts,
        "form": form,
        "shown": shown,
    }
    return TemplateResponse(request, "uiengine_surfaces/import.html", context)


def _read(form: UploadForm) -> tuple[PageRead | None, str]:
    """The page, or why it is refused."""
    file, chosen = form.cleaned_data["file"], form.cleaned_data
    try:
        read = page_read(
            file.read(), format=chosen["format"], file_name=file.name, slug=chosen["slug"]
        )
    except EngineError as error:
        return None, str(error)
    return read, ""


def shown_html(read: PageRead | None, refused: str) -> str:
    """What the file would become: a picture of its blocks, notes, or why it is refused."""
    picture = mark_safe(default_layout_svg(read.surface)) if read else ""
    return render_to_string(
        "uiengine_surfaces/imported.html", {"read": read, "refused": refused, "picture": picture}
    )
