"""The size of a surface is bounded, and alike for the admin's form, its check and load_surfaces."""

from __future__ import annotations

import json
import sys
import time
from types import ModuleType

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from uiengine.page.surface_json import MAX_CHARACTERS
from webapp.surfaces.checks import definition_check
from webapp.surfaces.models import Surface

pytestmark = pytest.mark.django_db
MODULE = "webapp.surfaces.surfaces"


def page(breakpoints: int = 1, blocks: int = 1, groups: int = 0, **more: object) -> dict:
    """The largest page of so many parts: each block has sizes and a text for every grid."""
    grids = [{"name": f"at{i}", "min_width": i, "columns": 12} for i in range(breakpoints)]
    sizes = {at["name"]: {"default": [4, 2], "min": [2, 1], "max": [6, 4]} for at in grids}
    return {
        "breakpoints": grids,
        "groups": [f"group{i}" for i in range(groups)],
        "blocks": [{"id": f"b{i}", "title": "t" * 200, "sizes": sizes} for i in range(blocks)],
        **more,
    }


TOO_LARGE = {
    "breakpoints": (page(breakpoints=13), "breakpoints: a surface has 1 to 12 breakpoints"),
    "blocks": (page(blocks=201), "blocks: a surface has 1 to 200 blocks"),
    "groups": (page(groups=201), "groups: a surface has 0 to 200 groups"),
    "texts": (page(note="x" * MAX_CHARACTERS), "surface: is too large"),
    "values": (page(note=[0] * MAX_CHARACTERS), "surface: is too large"),
}


@pytest.mark.parametrize(("definition", "says"), TOO_LARGE.values(), ids=list(TOO_LARGE))
def test_what_is_too_large_is_refused_by_its_name_however_it_comes(
    admin_client, monkeypatch, settings, definition, says
):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * MAX_CHARACTERS  # else Django refuses it first
    form = {"slug": "new", "title": "", "mode": "live", "definition": json.dumps(definition)}
    declared = ModuleType(MODULE)
    declared.SURFACES = [{"slug": "new", **definition}]
    monkeypatch.setitem(sys.modules, MODULE, declared)
    monkeypatch.setattr("webapp.surfaces.declared.find_spec", lambda name: name == MODULE or None)

    typed = admin_client.post(reverse("admin:uiengine_surfaces_surface_check"), form)
    saved = admin_client.post(reverse("admin:uiengine_surfaces_surface_add"), form)
    with pytest.raises(CommandError, match=says):
        call_command("load_surfaces")

    assert says in typed.content.decode() and says in saved.content.decode()
    assert not Surface.objects.exists()


def test_the_largest_page_is_checked_in_a_second_or_two():
    """200 × 200 took 14 s on a busy machine; a twentieth of that is allowed here, with patience."""
    definition = page(breakpoints=12, blocks=200, groups=200)
    started = time.process_time()

    checked = definition_check(definition, slug="large", mode="live")

    assert checked.surface is not None and not checked.problems
    assert time.process_time() - started < 3
    assert len(json.dumps(definition)) < MAX_CHARACTERS / 2
