"""Views of the studio's pages."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from uiengine.errors import EngineError, SurfaceError
from uiengine.model.version import CodebookVersion as CodebookVersionLoaded
from webapp.codebooks.gate.promotion import innate_version
from webapp.codebooks.models import Alias, CodebookVersion
from webapp.layouts.answer import read
from webapp.layouts.answer.context import decision_context, request_of
from webapp.layouts.exported import layout_export
from webapp.lib import schedule_rows
from webapp.lib.times import utc_now
from webapp.studio import compare, gallery, health, plots, waiting
from webapp.studio.access import SEES_PEOPLE, needs, page
from webapp.studio.anatomy import HALF_LIVES, take_apart
from webapp.studio.by_byte import by_byte
from webapp.studio.choices import (
    CompareForm,
    GalleryForm,
    PreviewForm,
    Ready,
    persona_of,
    surface_page,
    today_of,
    version_ready,
)
from webapp.studio.suggested import suggestion, suggestion_take
from webapp.studio.usage import LEAST_CELL, LEAST_SLICE, MOST_SUBJECTS, usage_of
from webapp.subjects.looks import look_record
from webapp.subjects.models import Profile
from webapp.surfaces.models import Surface


@needs("uiengine_codebooks.view_run")
@never_cache
@require_GET
def health_page(request: HttpRequest) -> HttpResponse:
    items = waiting.waiting(request.user)
    context = {
        "now": utc_now(),
        "waiting": items,
        "signs": [waiting.sign(items), *health.signs(utc_now())],
        "active": health.active_runs(),
        "ended": health.ended_runs(),
        "surfaces": health.surfaces(),
        "schedule": schedule_rows.every_cadence(),
        "schedule_page": schedule_rows.page(),
    }
    return page(request, "health.html", "Health", **context)


@needs("uiengine_codebooks.view_codebookversion", "uiengine_surfaces.view_surface")
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
    day = today_of(here.surface)
    usage = usage_of(ready.loaded, here, day, request.user.get_username())
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
        may_split=request.user.has_perm("uiengine_audits.view_auditreport"),
        limits={"slice": LEAST_SLICE, "cell": LEAST_CELL, "subjects": MOST_SUBJECTS},
    )


@needs("uiengine_surfaces.view_surface", "uiengine_codebooks.view_codebookversion")
@never_cache
@require_GET
def preview_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Shows a page as any person under any version; looking at a real person is recorded."""
    surface = get_object_or_404(Surface, pk=pk)
    title, here = f"Preview of {surface}", surface_page(surface)
    if here is None:
        refused = "Its definition cannot be served. Open the surface to see why."
        return page(request, "preview.html", title, surface=surface, refused=refused)
    sees = request.user.has_perm(SEES_PEOPLE)
    form = PreviewForm(request.GET, surface=surface, page=here, sees_people=sees)
    chosen = form.chosen()
    context: dict[str, Any] = {"surface": surface, "form": form, "half_lives": HALF_LIVES}
    context["champion"] = CodebookVersion.objects.filter(
        aliases__surface=surface, aliases__name=Alias.Name.CHAMPION
    ).first()
    ready = version_ready(chosen["version"]) if chosen else Ready(None, form.refusal)
    persona = persona_of(form, here) if chosen else None
    if not ready.loaded or not persona:
        refused = ready.refusal or f"key: nobody is known as {chosen.get('key')!r}."
        return page(request, "preview.html", title, **context, refused=refused)
    if persona.subject:
        look_record(request, persona.subject, f"Looked at the page {surface.slug} as this person.")
    found = take_apart(persona.request(here), ready.loaded, at=chosen["at"])
    return page(request, "preview.html", title, **context, anatomy=found, chosen=chosen)


@needs("uiengine_surfaces.change_surface")
@never_cache
@require_http_methods(["GET", "POST"])
def suggest_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Shows a default layout suggested from the blocks' kinds beside the current; POST saves it."""
    row = get_object_or_404(Surface, pk=pk)
    innate = innate_version()
    ready = version_ready(innate) if innate else Ready(None, "There is no innate version.")
    found = suggestion(row, ready.loaded) if ready.loaded else None
    refused = ready.refusal
    if found and request.method == "POST":
        try:
            saved = suggestion_take(row, found, int(request.POST.get("revision") or 0))
        except (SurfaceError, ValueError) as error:
            refused = str(error)
        else:
            done = f"Took the suggested arrangement: revision {saved.revision}."
            admin.site.get_model_admin(Surface).log_change(request, saved, done)
            messages.success(request, done)
            return redirect("admin:uiengine_surfaces_surface_change", pk)
    title = f"An arrangement for {row}"
    context = {"surface": row, "found": found, "refused": refused, "version": innate}
    return page(request, "suggest.html", title, **context)


@needs("uiengine_surfaces.view_surface", SEES_PEOPLE)
@never_cache
@require_GET
def explain_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Explains why one person's page is as it is; every look is recorded."""
    row = get_object_or_404(Profile.objects.select_related("subject", "surface"), pk=pk)
    title = f"The page {row.surface} of {row.subject}"
    context: dict[str, Any] = {"profile": row, "half_lives": HALF_LIVES}
    look_record(request, row.subject, f"Looked at why the page {row.surface.slug} is as it is.")
    here = surface_page(row.surface)
    if here is None or not isinstance(here.version, CodebookVersionLoaded):
        refused = "No version serves this page: everybody has the default layout."
        return page(request, "explain.html", title, **context, refused=refused)
    found = decision_context(key=row.subject.key, page=here, now=utc_now())
    decision, status = read.decide(found)
    shown = None if status == "dry_run" else decision  # in a dry run the default is served
    byte = by_byte(row, here, found, here.version, utc_now())
    anatomy = byte.anatomy if byte else take_apart(request_of(found), here.version, shown=shown)
    context |= {"anatomy": anatomy, "status": status, "byte": byte}
    return page(request, "explain.html", title, **context)


@needs("uiengine_surfaces.view_surface")
@never_cache
@require_GET
def export_file(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The file that a surface was imported from, in the layout of ?profile=, or in the default one.

    Taking a real person's layout is recorded.
    """
    row = get_object_or_404(Surface, pk=pk)
    key, chosen = "", request.GET.get("profile", "")
    if chosen:
        if not request.user.has_perm(SEES_PEOPLE):
            raise PermissionDenied(f"One person's layout needs the permission {SEES_PEOPLE}.")
        found = Profile.objects.filter(pk=chosen if chosen.isdigit() else 0, surface=row)
        profile = get_object_or_404(found.select_related("subject"))
        look_record(request, profile.subject, f"Took the layout of the page {row.slug}.")
        key = profile.subject.key
    try:
        kept, content = layout_export(row, key, utc_now())
    except EngineError as error:
        messages.error(request, str(error))
        return redirect("admin:uiengine_surfaces_surface_change", pk)
    name = kept.file_name or f"{row.slug}.json"
    return FileResponse(BytesIO(content), as_attachment=True, filename=name)


@needs("uiengine_codebooks.view_codebookversion", "uiengine_surfaces.view_surface")
@require_GET
def compare_page(request: HttpRequest) -> HttpResponse:
    """Compares versions; audits and gate figures need the permission for audit reports."""
    form = CompareForm(request.GET)
    chosen = form.chosen()
    versions = form.versions() if chosen else []
    context: dict[str, Any] = {"form": form, "refused": form.refusal, "versions": versions}
    if not versions:
        return page(request, "compare.html", "Versions side by side", **context)
    surface = chosen["surface"]
    here = surface_page(surface)
    day = today_of(here.surface) if here else 0
    ready = [version_ready(version).loaded for version in versions]
    who = request.user.get_username()
    usages = [usage_of(v, here, day, who) if v and here else None for v in ready]
    audited = request.user.has_perm("uiengine_audits.view_auditreport")
    reports = compare.reports_of(versions, surface) if audited else []
    gates = compare.gates_of(versions, surface) if audited else []
    return page(
        request,
        "compare.html",
        "Versions side by side",
        **context,
        surface=surface,
        keys=[(plots.key(i), v) for i, v in enumerate(versions)],
        figures=compare.card_figures(versions),
        rates=compare.rate_distortion(versions),
        use=compare.use_of_codes(versions, usages),
        audited=audited,
        reports=list(zip(versions, reports, strict=True)) if audited else [],
        metrics=compare.metric_plots(reports),
        gates=list(zip(versions, gates, strict=True)) if audited else [],
        conditions=compare.conditions(gates),
    )
