"""Pages of the studio: each checks who asks, calls one function, and renders."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from webapp.codebooks.models import CodebookVersion

from . import gallery, health
from .access import needs, page
from .choices import GalleryForm, day_of, surface_page, version_ready
from .usage import LEAST_CELL, LEAST_SLICE, MOST_SUBJECTS, usage_of


@needs("codebooks.view_run")
@never_cache
@require_GET
def health_page(request: HttpRequest) -> HttpResponse:
    context = {
        "now": timezone.now(),
        "signs": health.signs(timezone.now()),
        "active": health.active_runs(),
        "ended": health.ended_runs(),
        "surfaces": health.surfaces(),
    }
    return page(request, "health.html", "Health", **context)


@needs("codebooks.view_codebookversion", "surfaces.view_surface")
@require_GET
def gallery_page(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(CodebookVersion, pk=pk)
    form = GalleryForm(request.GET, version=row)
    chosen = form.chosen()
    context: dict[str, Any] = {"version": row, "form": form, "refused": form.refusal}
    ready = version_ready(row)
    here = surface_page(chosen["surface"]) if chosen else None
    if not (chosen and here and ready.loaded):
        refused = ready.refusal or form.refusal or "There is no surface to draw the codes on."
        return page(
            request, "gallery.html", f"Codes of {row.name}", **{**context, "refused": refused}
        )
    day = day_of()
    usage = usage_of(ready.loaded, here, day)
    stages = gallery.stages(ready.loaded, usage)
    stage = min(chosen["stage"], len(stages))
    found = gallery.shelf(ready.loaded, here, usage, day=day, stage=stage, number=chosen["page"])
    return page(
        request,
        "gallery.html",
        f"Codes of {row.name}",
        **context,
        surface=chosen["surface"],
        usage=usage,
        stages=stages,
        stage=stages[stage - 1],
        shelf=found,
        number=chosen["page"],
        pages=range(1, found.pages + 1),
        may_split=request.user.has_perm("audits.view_auditreport"),
        limits={"slice": LEAST_SLICE, "cell": LEAST_CELL, "subjects": MOST_SUBJECTS},
    )
