"""The evidence bundle of a version as a download."""

from __future__ import annotations

from io import BytesIO

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from uiengine.errors import EngineError
from webapp.codebooks.models import CodebookVersion
from webapp.evidence.services import bundle_make
from webapp.studio.access import needs
from webapp.surfaces.models import Surface


@needs(
    "uiengine_codebooks.view_codebookversion",
    "uiengine_codebooks.view_gatereport",
    "uiengine_codebooks.view_aliasmove",
    "uiengine_audits.view_auditreport",
)
@never_cache
@require_GET
def evidence_file(request: HttpRequest, pk: int, surface: int) -> HttpResponseBase:
    version = get_object_or_404(CodebookVersion, pk=pk)
    row = get_object_or_404(Surface, pk=surface)
    try:
        made = bundle_make(version, row)
    except EngineError as error:
        messages.error(request, str(error))
        return redirect("admin:uiengine_codebooks_codebookversion_change", pk)
    name = f"evidence-{version.name}.zip"
    return FileResponse(BytesIO(made.content), as_attachment=True, filename=name)
