"""A surface that shows marked blocks the other way round than another surface is refused."""

from __future__ import annotations

import json

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.urls import reverse

from uiengine.errors import SurfaceError
from webapp.surfaces import declared
from webapp.surfaces.checks import definition_check
from webapp.surfaces.models import Surface
from webapp.surfaces.services import surface_save

pytestmark = pytest.mark.django_db
GRID = {"name": "all", "min_width": 0, "columns": 12}


def surface(slug: str, *ids: str, mark: str = "navigation", groups=()):
    """A page of marked blocks in this order, and one that bears no mark."""
    blocks = [{"id": block_id, mark: True} for block_id in ids]
    plain = {"id": "plain"}
    return {"slug": slug, "breakpoints": [GRID], "groups": list(groups), "blocks": [*blocks, plain]}


@pytest.mark.parametrize("mark", ["navigation", "help"])
def test_a_contradiction_names_block_surface_and_next_step(mark):
    surface_save(surface("home", "news", "mail", mark=mark))

    with pytest.raises(SurfaceError) as refused:
        surface_save(surface("shop", "cart", "mail", "news", mark=mark))

    says = str(refused.value)
    assert says.startswith("blocks[1]") and f"{mark}_order: 'mail' stands before 'news'" in says
    assert "after it on 'home'" in says and "List 'news' first here, too." in says
    assert [row.slug for row in Surface.objects.all()] == ["home"]


def test_what_agrees_shares_fewer_or_bears_another_mark_is_saved():
    surface_save(surface("home", "news", "mail", "map"))
    for other in (
        surface("shop", "news", "cart", "map"),
        surface("desk", "mail", "only-here"),
        surface("care", "map", "mail", "news", mark="help"),
    ):
        surface_save(other)
    assert Surface.objects.count() == 4


def test_the_first_surface_cannot_turn_round_under_the_others():
    surface_save(surface("home", "news", "mail"))
    surface_save(surface("shop", "news", "mail"))

    with pytest.raises(SurfaceError, match="after it on 'shop'"):
        surface_save(surface("home", "mail", "news"))


def test_the_way_that_the_refusal_names_turns_the_order_round():
    surface_save(surface("home", "news", "mail"))
    surface_save(surface("shop", "news", "mail"))

    surface_save({**surface("shop", "news", "mail"), "blocks": [{"id": "news"}, {"id": "mail"}]})
    surface_save(surface("home", "mail", "news"))
    surface_save(surface("shop", "mail", "news"))

    orders = [[b["id"] for b in row.definition["blocks"]][:2] for row in Surface.objects.all()]
    assert orders == [["mail", "news"]] * 2


def test_groups_count_as_they_are_shown():
    """On the page `mail` stands first, whatever the list says."""
    surface_save(surface("home", "news", "mail"))
    grouped = surface("shop", "news", "mail", groups=["top"])
    grouped["blocks"][1]["group"] = "top"

    with pytest.raises(SurfaceError, match="'mail' stands before 'news'"):
        surface_save(grouped)


def test_a_surface_never_contradicts_itself_even_renamed(admin_client):
    row = surface_save(surface("home", "news", "mail"))
    row.slug, row.definition = "start", {**surface("home", "mail", "news")}
    row.full_clean()
    check = reverse("admin:uiengine_surfaces_surface_check")
    typed = {"definition": json.dumps(surface("home", "mail", "news")), "slug": "start"}

    assert "May be saved" in admin_client.post(f"{check}?saved={row.pk}", typed).content.decode()
    assert "navigation_order" in admin_client.post(check, typed).content.decode()
    page = admin_client.get(reverse("admin:uiengine_surfaces_surface_change", args=[row.pk]))
    assert f'data-check="{check}?saved={row.pk}"' in page.content.decode()


def test_the_admin_and_the_check_while_typing_say_the_same(admin_client):
    surface_save(surface("home", "news", "mail"))
    definition = surface("shop", "mail", "news")
    (problem,) = definition_check(definition, slug="shop", mode="live").problems
    assert (problem.rule, problem.block, problem.field) == ("navigation_order", "mail", "blocks[0]")
    form = {"slug": "shop", "mode": "live", "visit_minutes": 30, "control_percent": 5}
    days = {"event_days": 90, "decision_days": 90, "idle_days": 730}

    page = admin_client.post(
        reverse("admin:uiengine_surfaces_surface_add"),
        {**form, **days, "definition": json.dumps(definition)},
    )

    assert "after it on &#x27;home&#x27;" in page.content.decode()
    assert not Surface.objects.filter(slug="shop").exists()
    with pytest.raises(ValidationError, match="navigation_order"):
        Surface(slug="shop", definition=definition).full_clean()


def test_declared_surfaces_that_contradict_are_refused_together(monkeypatch):
    pages = [("app.surfaces", surface("a", "x", "y")), ("app.surfaces", surface("b", "y", "x"))]
    monkeypatch.setattr(
        "webapp.codebooks.management.commands.load_surfaces.declarations", lambda: iter(pages)
    )
    assert declared.declaration_check(pages[1][1]) is None

    with pytest.raises(CommandError, match="navigation_order"):
        call_command("load_surfaces")

    assert not Surface.objects.exists()
