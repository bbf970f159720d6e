"""A suggested arrangement is shown beside the current one; saving needs the edit permission."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry

from tests.webapp.studio.conftest import staff
from uiengine.model.suggest import suggest
from uiengine.model.version_folder import load_version
from webapp.codebooks.gate.promotion import INNATE_FOLDER
from webapp.surfaces import mappers

pytestmark = pytest.mark.django_db
BOARD = ("table", "stat", "timeseries", "stat", "text")
SIZE = {"default": [12, 2], "min": [2, 1], "max": None}


@pytest.fixture
def board(page):
    """An unused dashboard, with the innate version registered."""
    from webapp.surfaces.services import surface_save

    blocks = [
        {"id": f"b{i}", "kind": kind, "title": kind, "sizes": {"wide": SIZE}}
        for i, kind in enumerate(BOARD)
    ]
    wide = {"name": "wide", "min_width": 1200, "columns": 12, "viewport_height": 800}
    return surface_save({"slug": "board", "breakpoints": [wide], "blocks": blocks})


def test_the_suggestion_is_the_innate_decoders_and_says_what_it_knows(owner, board):
    shown = owner.get(f"/admin/studio/suggest/{board.pk}/").context["found"]

    layouts = load_version(INNATE_FOLDER).layouts
    assert shown.suggested == suggest(mappers.to_surface(board), layouts)
    assert shown.known == ("stat", "table", "text", "timeseries")
    assert shown.learned > 1000


def test_taking_it_is_a_new_revision_in_the_record_that_the_page_serves(owner, board):
    found = owner.get(f"/admin/studio/suggest/{board.pk}/").context["found"]

    answer = owner.post(f"/admin/studio/suggest/{board.pk}/", {"revision": board.revision})

    board.refresh_from_db()
    assert answer.status_code == 302 and board.revision == 2
    assert mappers.to_surface(board).blocks == found.suggested.blocks
    assert LogEntry.objects.filter(object_id=str(board.pk)).count() == 1


@pytest.mark.parametrize("revision", ["7", "", "x"])
def test_a_suggestion_for_a_page_that_changed_is_refused(owner, board, revision):
    answer = owner.post(f"/admin/studio/suggest/{board.pk}/", {"revision": revision})

    board.refresh_from_db()
    assert answer.context["refused"] and board.revision == 1


def test_only_who_may_change_pages_sees_it(auditor, board):
    assert auditor.get(f"/admin/studio/suggest/{board.pk}/").status_code == 403
    editor = staff("editor", ("view_surface", "change_surface"))
    assert editor.get(f"/admin/studio/suggest/{board.pk}/").status_code == 200
