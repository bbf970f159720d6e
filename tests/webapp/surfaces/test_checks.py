"""A definition is judged the same while it is typed and when it is saved."""

from __future__ import annotations

import copy
import json

import pytest
from django.urls import reverse

from tests.webapp.conftest import COURSE
from webapp.surfaces.checks import SHAPE, definition_check, text_check
from webapp.surfaces.models import Surface

pytestmark = pytest.mark.django_db
CHECK = "/admin/surfaces/surface/check/"


def check(definition):
    return definition_check(definition, slug="course-home", mode="live")


def changed(index: int, **values):
    definition = copy.deepcopy(COURSE)
    definition["blocks"][index].update(values)
    return definition


def test_a_good_definition_has_no_problem():
    checked = check(COURSE)
    assert checked.problems == () and checked.surface.slug == "course-home"


def test_a_mistake_names_the_block_it_is_in():
    (problem,) = check(changed(3, required="perhaps")).problems
    assert (problem.rule, problem.block) == (SHAPE, COURSE["blocks"][3]["id"])
    assert "blocks[3].required" in problem.says


def test_clashing_rules_are_named_with_a_block():
    clash = check(changed(1, pinned=COURSE["blocks"][0]["pinned"]))
    assert clash.surface is None
    assert {p.rule for p in clash.problems} == {"pinned_stay and no_overlap"}
    assert {p.block for p in clash.problems} == {"announcements"}


def test_text_that_is_no_json_is_placed():
    (problem,) = text_check('{"blocks": [\n  oops]}', slug="a", mode="live").problems
    assert problem.says.startswith("line 2, column 3")


def test_typing_is_answered_with_the_layout_or_with_what_is_wrong(admin_client):
    good = admin_client.post(CHECK, {"definition": json.dumps(COURSE), "slug": "course-home"})
    bad = json.dumps(changed(1, pinned=COURSE["blocks"][0]["pinned"]))
    refused = admin_client.post(CHECK, {"definition": bad, "slug": "course-home"})

    assert good.content.decode().count("<svg") == len(COURSE["breakpoints"])
    assert "<code>pinned_stay and no_overlap</code>" in refused.content.decode()
    assert "<svg" not in refused.content.decode()
    assert not Surface.objects.exists()


def test_what_typing_refuses_saving_refuses(admin_client):
    definition = changed(1, pinned=COURSE["blocks"][0]["pinned"])
    form = {"slug": "new", "title": "", "mode": "live", "visit_minutes": 30}

    page = admin_client.post(
        reverse("admin:surfaces_surface_add"), {**form, "definition": json.dumps(definition)}
    )

    assert "pinned_stay and no_overlap" in page.content.decode()
    assert not Surface.objects.exists()


def test_titles_are_escaped_in_pictures(admin_client):
    text = json.dumps(changed(2, title="<script>alert(1)</script>"))
    shown = admin_client.post(CHECK, {"definition": text, "slug": "a"}).content.decode()
    assert "<script" not in shown and "&lt;script&gt;" in shown


def test_only_who_may_change_surfaces_may_check(client, django_user_model):
    user = django_user_model.objects.create_user("reader", is_staff=True)
    client.force_login(user)
    assert client.post(CHECK, {"definition": "{}"}).status_code == 403
