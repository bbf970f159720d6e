"""A definition gets one verdict, while it is typed and when it is saved."""

from __future__ import annotations

import copy
import json

import pytest
from django.contrib.auth.models import Permission
from django.core.exceptions import ValidationError
from django.urls import reverse

from tests.webapp.conftest import COURSE
from webapp.surfaces.checks import SHAPE, definition_check, text_check
from webapp.surfaces.models import Surface

pytestmark = pytest.mark.django_db
CHECK = "/admin/uiengine_surfaces/surface/check/"


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


def test_mistakes_of_several_blocks_are_named_at_once():
    definition = changed(1, required="perhaps")
    definition["blocks"][3]["sizes"] = {"*": {"default": [0, 1]}}
    definition["blocks"][4] = "quiz"
    definition["guardrails"] = {"unknown": 1}

    problems = check(definition).problems

    ids = [block["id"] for block in COURSE["blocks"]]
    assert [p.block for p in problems] == [ids[1], ids[3], ""]
    words = ("blocks[1].required", "blocks[3].sizes.*.default", "blocks[4]")
    assert all(word in p.says for word, p in zip(words, problems, strict=True))


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
        reverse("admin:uiengine_surfaces_surface_add"),
        {**form, "definition": json.dumps(definition)},
    )

    assert "pinned_stay and no_overlap" in page.content.decode()
    assert not Surface.objects.exists()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('"title": "\\ud800"', "blocks[0].title"),
        ('"title": "a\\u0000b"', "blocks[0].title"),
        ('"note": {"\\u0000": 1}', "blocks[0].note.key"),
        (f'"note": {"[" * 900}{"]" * 900}', "nested too deeply"),
        (f'"note": {"[" * 100_000}{"]" * 100_000}', "nested too deeply"),
        (f'"note": {"9" * 5000}', "too many digits"),
        ('"note": 1e400', "blocks[0].note"),
    ],
    ids=["surrogate", "null", "key", "deep", "deeper", "digits", "infinity"],
)
def test_what_no_database_or_page_can_hold_is_refused_with_its_field(admin_client, text, says):
    definition = json.dumps(changed(0, note="HERE")).replace('"note": "HERE"', text)
    form = {"slug": "new", "title": "", "mode": "live", "definition": definition}

    typed = admin_client.post(CHECK, form)
    saved = admin_client.post(reverse("admin:uiengine_surfaces_surface_add"), form)

    for page in (typed, saved):
        assert page.status_code == 200 and says in page.content.decode()
    assert not Surface.objects.exists()


@pytest.mark.parametrize("name", ["visit_minutes", "event_days", "decision_days", "idle_days"])
def test_spans_beyond_what_dates_can_say_are_refused(name):
    surface = Surface(slug="a", definition=COURSE, **{name: 2**31 - 1})
    with pytest.raises(ValidationError) as refused:
        surface.full_clean()
    assert list(refused.value.message_dict) == [name]


def test_titles_are_escaped_in_pictures(admin_client):
    text = json.dumps(changed(2, title="<script>alert(1)</script>"))
    shown = admin_client.post(CHECK, {"definition": text, "slug": "a"}).content.decode()
    assert "<script" not in shown and "&lt;script&gt;" in shown


def test_only_who_may_change_surfaces_may_check(client, django_user_model):
    user = django_user_model.objects.create_user("reader", is_staff=True)
    client.force_login(user)
    assert client.post(CHECK, {"definition": "{}"}).status_code == 403


def test_a_stale_form_takes_nothing_back(admin_client, page):
    change = reverse("admin:uiengine_surfaces_surface_change", args=[page.pk])
    form = admin_client.get(change).context["adminform"].form
    typed = {name: form[name].value() for name in form.fields}
    Surface.objects.get().save()  # another request saves it and switches it off
    Surface.objects.update(mode="off")

    refused = admin_client.post(change, {**typed, "title": "Mine"})

    says = refused.context["adminform"].form.non_field_errors()[0]
    assert "changed since you opened" in says and "Mode" in says
    assert 'value="Mine"' in refused.content.decode()
    row = Surface.objects.get()
    assert (row.mode, row.title) == ("off", page.title)
    fresh = {**typed, "mode": "off", "title": "Mine", "opened": row.updated_at.isoformat()}
    assert admin_client.post(change, fresh).status_code == 302
    assert Surface.objects.get().title == "Mine"


def test_who_may_only_look_sees_the_form_without_what_guards_it(client, django_user_model, page):
    user = django_user_model.objects.create_user("reader", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="view_surface"))
    client.force_login(user)
    shown = client.get(reverse("admin:uiengine_surfaces_surface_change", args=[page.pk]))
    assert shown.status_code == 200 and "opened" not in shown.content.decode().lower()
