"""The form beside a surface's JSON, in real Chromium: each follows the other, and saving works."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import Browser, Locator, Page, expect

from tests.patience import PATIENCE
from tests.webapp import axe
from tests.webapp.conftest import FIXTURES
from tests.webapp.demo.conftest import chromium
from webapp.surfaces.models import Surface
from webapp.surfaces.services import surface_save

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
BANK = json.loads((FIXTURES / "surfaces" / "bank.json").read_text())
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
expect.set_options(timeout=PATIENCE * 1000)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    axe.install()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # Playwright runs its own event loop
        yield from chromium()


@pytest.fixture
def bank(live_server) -> Surface:
    """The bank's page, with a key that no version of ours knows."""
    blocks = [{**block, "note": f"of {block['id']}"} for block in BANK["blocks"]]
    return surface_save({**BANK, "blocks": blocks, "owner": {"team": "retail"}})


def opened(browser: Browser, server, surface: Surface, **context) -> Page:
    client = Client()
    client.force_login(User.objects.create_superuser("owner"))
    here = browser.new_context(base_url=server.url, **{"viewport": DESKTOP, **context})
    session = client.cookies["sessionid"].value
    here.add_cookies([{"name": "sessionid", "value": session, "url": server.url}])
    here.set_default_timeout(PATIENCE * 1000)
    page = here.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    page.goto(f"/admin/uiengine_surfaces/surface/{surface.pk}/change/")
    page.complaints = complaints  # type: ignore[attr-defined]
    return page


@pytest.fixture
def page(browser, live_server, bank) -> Iterator[Page]:
    """The bank's page in the admin; complaints of the console fail the test."""
    page = opened(browser, live_server, bank)
    page.locator("#definition-check .says", has_text="May be saved").wait_for()
    yield page
    assert page.complaints == []  # type: ignore[attr-defined]
    page.context.close()


def definition(page: Page) -> dict:
    return json.loads(page.locator("#id_definition").input_value())


def rows(page: Page, of: str) -> Locator:
    return page.locator(f'[data-list="{of}"] > ol > li')


def block(page: Page, i: int) -> Locator:
    """The fields of a block, opened."""
    row = rows(page, "blocks").nth(i)
    toggle = row.locator(".edit-toggle")
    if toggle.get_attribute("aria-expanded") == "false":
        toggle.click()
    return row


def ids(page: Page) -> list[str]:
    return [row["id"] for row in definition(page)["blocks"]]


def test_an_edit_of_the_form_is_in_the_json_and_in_the_picture(page):
    before = definition(page)

    block(page, 1).get_by_role("textbox", name="Title").fill("Pay someone")
    page.get_by_role("spinbutton", name="Move budget").fill("5")

    after = definition(page)
    assert after["blocks"][1].pop("title") == "Pay someone"
    assert after["guardrails"].pop("move_budget") == 5
    before["blocks"][1].pop("title")
    before["guardrails"].pop("move_budget")
    assert after == before
    page.locator("#definition-check svg[aria-label*='Pay someone']").first.wait_for()
    expect(rows(page, "blocks").nth(1).locator(".edit-toggle")).to_have_text("Pay someone")


def test_an_edit_of_the_json_is_in_the_form(page):
    changed = definition(page)
    changed["row_height"] = 75
    changed["blocks"][1] |= {"title": "Pay", "sizes": {"*": {"default": [3, 2]}}}
    changed["groups"].append("more")
    shown = block(page, 1)

    page.locator("#id_definition").fill(json.dumps(changed))

    expect(page.get_by_role("spinbutton", name="Row height")).to_have_value("75")
    expect(shown.get_by_role("textbox", name="Title")).to_have_value("Pay")
    expect(shown.get_by_label("All breakpoints: default columns")).to_have_value("3")
    expect(shown.get_by_label("phone: default columns")).to_have_value("")
    assert "more" in shown.get_by_role("combobox", name="Group").locator("option").all_inner_texts()


def test_sizes_and_pointing_are_switched_in_the_form(page):
    pointing = page.get_by_role("combobox", name="Pointing")
    expect(pointing).to_have_value("none")

    page.get_by_role("checkbox", name="Sizes change").check()
    pointing.select_option("by a mark")

    rules = definition(page)["guardrails"]
    assert (rules["sizes"], rules["emphasis"]) == (True, "mark")


def test_json_that_cannot_be_read_leaves_the_form_until_it_can(page):
    text = page.locator("#id_definition")
    whole = text.input_value()

    text.fill(whole[:-3])

    expect(page.get_by_role("alert")).to_contain_text("cannot be read")
    assert page.locator(".edit-parts").evaluate("element => element.inert")
    text.fill(whole)
    expect(page.get_by_role("alert")).to_be_empty()
    assert not page.locator(".edit-parts").evaluate("element => element.inert")


def test_a_mistake_is_shown_at_its_field(page):
    field = page.get_by_role("spinbutton", name="Move budget")
    size = block(page, 2).get_by_label("desktop: default columns")

    field.fill("999")
    expect(field).to_have_attribute("aria-invalid", "true")
    described = field.get_attribute("aria-describedby").split()[-1]
    assert "from 0 to 200" in page.locator(f"#{described}").inner_text()
    field.fill("3")
    expect(field).not_to_have_attribute("aria-invalid", "true")
    size.fill("500")

    expect(size).to_have_attribute("aria-invalid", "true")


def test_a_mistake_opens_the_block_that_it_is_in(page):
    changed = definition(page)
    changed["blocks"][5]["group"] = "nowhere"

    page.locator("#id_definition").fill(json.dumps(changed))

    group = rows(page, "blocks").nth(5).get_by_role("combobox", name="Group")
    expect(group).to_be_visible()
    expect(group).to_have_attribute("aria-invalid", "true")
    expect(group).to_have_value("nowhere")


def test_rules_that_clash_are_said_at_the_block(page):
    for _ in range(2):
        block(page, 1).get_by_role("checkbox", name="Pinned").check()

    problem = rows(page, "blocks").filter(has=page.locator(".edit-problem")).first
    expect(problem).to_contain_text("overlap")
    cells = definition(page)["blocks"][1]["pinned"]
    assert cells == {"phone": [0, 0], "tablet": [0, 0], "desktop": [0, 0]}


def test_blocks_are_moved_added_and_removed_by_keyboard(page):
    first, second, third, *others = ids(page)
    down = rows(page, "blocks").nth(1).get_by_role("button", name="down")
    down.focus()

    page.keyboard.press("Enter")

    assert ids(page) == [first, third, second, *others]
    assert page.evaluate("document.activeElement.dataset.act") == "down"
    row = "document.activeElement.closest('li').dataset.path"
    assert page.evaluate(row) == "blocks[2]"
    expect(page.locator(".editor-says")).to_have_text(f"Send money is now 3 of {len(ids(page))}.")
    page.get_by_role("button", name="Add a block").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.dataset.key") == "id"
    page.keyboard.press("Control+a")
    page.keyboard.type("news")
    assert ids(page) == [first, third, second, *others, "news"]
    rows(page, "blocks").last.get_by_role("button", name="Remove").focus()
    page.keyboard.press("Space")
    assert ids(page) == [first, third, second, *others]
    assert page.evaluate(row) == f"blocks[{len(others) + 2}]"


def test_what_is_removed_comes_back_with_all_that_went_with_it(page):
    before = definition(page)
    undo = page.get_by_role("button", name="Undo the last change")
    expect(undo).to_be_disabled()

    rows(page, "groups").nth(0).get_by_role("button", name="Remove").click()
    rows(page, "blocks").nth(3).get_by_role("button", name="Remove").click()
    page.get_by_role("spinbutton", name="Move budget").fill("12")

    expect(page.locator(".editor-says")).to_contain_text(before["blocks"][3]["title"])
    assert definition(page)["guardrails"]["move_budget"] == 12
    undo.click()
    assert definition(page)["guardrails"] == before["guardrails"]
    assert len(rows(page, "blocks").all()) == len(before["blocks"]) - 1
    undo.click()
    undo.click()
    assert definition(page) == before
    expect(undo).to_be_disabled()
    expect(page.locator(".editor-says")).to_be_focused()


def test_typing_in_the_json_is_undone_as_one_change(page):
    before = definition(page)
    text = page.locator("#id_definition")

    text.fill(json.dumps({**before, "row_height": 75}))
    text.fill(json.dumps({**before, "row_height": 70}))
    page.get_by_role("button", name="Undo the last change").click()

    assert definition(page) == before
    text.fill("{")
    expect(page.get_by_role("button", name="Undo the last change")).to_be_disabled()


def test_a_new_breakpoint_has_a_width_of_its_own(page):
    widths = [at["min_width"] for at in definition(page)["breakpoints"]]

    page.get_by_role("button", name="Add a breakpoint").click()

    assert definition(page)["breakpoints"][-1]["min_width"] not in widths
    page.locator("#definition-check .says", has_text="May be saved").wait_for()


def test_a_breakpoint_and_a_group_take_their_names_along(page):
    name = rows(page, "breakpoints").nth(0).get_by_role("textbox", name="Name")
    name.fill("mobile")
    name.press("Tab")
    group = rows(page, "groups").nth(0).get_by_role("textbox", name="Name")
    group.fill("every day")
    group.press("Tab")

    after = definition(page)

    assert after["breakpoints"][0]["name"] == "mobile" and after["groups"][0] == "every day"
    for was, now in zip(BANK["blocks"], after["blocks"], strict=True):
        assert list(now["sizes"]) == [{"phone": "mobile"}.get(k, k) for k in was["sizes"]]
        assert now["group"] == {"daily": "every day"}.get(was["group"], was["group"])
    rows(page, "groups").nth(0).get_by_role("button", name="Remove").click()
    assert not any(row.get("group") == "every day" for row in definition(page)["blocks"])
    page.locator("#definition-check .says", has_text="May be saved").wait_for()


@pytest.mark.parametrize(("of", "other"), [("breakpoints", "tablet"), ("groups", "plans")])
def test_a_name_that_is_taken_or_empty_changes_nothing(page, of, other):
    before = page.locator("#id_definition").input_value()
    name = rows(page, of).nth(0).get_by_role("textbox", name="Name")
    kept = name.input_value()

    for wrong in (other, "", "  "):
        name.fill(wrong)
        name.press("Tab")

        expect(name).to_have_value(kept)
        expect(rows(page, of).nth(0).locator(".edit-problem")).to_contain_text(kept)
        assert page.locator("#id_definition").input_value() == before
        rows(page, of).nth(0).locator(".edit-problem").evaluate("element => element.remove()")


def test_coming_back_keeps_what_was_typed_and_what_others_saved(page, bank):
    """In form and JSON alike; the browser fills in the JSON after scripts have run."""
    block(page, 1).get_by_role("textbox", name="Title").fill("Pay someone")
    page.goto("/admin/")
    surface_save({**bank.full_definition(), "row_height": 75})

    page.go_back()

    expect(rows(page, "blocks").nth(1).locator(".edit-toggle")).to_have_text("Pay someone")
    page.locator("#definition-check svg[aria-label*='Pay someone']").first.wait_for()
    with page.expect_navigation():
        page.get_by_role("button", name="Save and continue editing").click()
    expect(page.locator(".errorlist").first).to_contain_text("nothing was saved")
    assert Surface.objects.get(pk=bank.pk).definition["row_height"] == 75


def test_an_emptied_field_is_taken_out_and_its_default_holds(page):
    page.get_by_role("spinbutton", name="Row height").fill("")
    shown = block(page, 3)
    for label in ("desktop: most columns", "desktop: most rows"):
        shown.get_by_label(label).fill("")

    after = definition(page)

    assert "row_height" not in after
    assert list(after["blocks"][3]["sizes"]["desktop"]) == ["default", "min"]


def test_what_the_form_does_not_show_is_saved_as_it_was(page, bank):
    order = page.locator("#id_definition").input_value().index('"owner"')
    block(page, 1).get_by_role("textbox", name="Title").fill("Pay someone")
    assert page.locator("#id_definition").input_value().index('"owner"') == order

    with page.expect_navigation():
        page.get_by_role("button", name="Save and continue editing").click()

    kept = Surface.objects.get(pk=bank.pk)
    before = bank.definition
    assert kept.revision == 2 and kept.definition["owner"] == {"team": "retail"}
    assert kept.definition["blocks"][1] == {**before["blocks"][1], "title": "Pay someone"}
    assert kept.definition == {**before, "blocks": kept.definition["blocks"]}


def test_the_forms_text_is_the_servers(page):
    """So that an edit and its reverse leave the text as it was, line by line."""
    text = page.locator("#id_definition")
    before = text.input_value()
    title = block(page, 1).get_by_role("textbox", name="Title")
    kept = title.input_value()

    title.fill("Other")
    title.fill(kept)

    assert text.input_value() == before


@pytest.mark.parametrize(("language", "says"), [("de", "Blöcke"), ("ar", "الكتل")])
def test_it_speaks_the_language_of_the_admin(browser, live_server, bank, language, says):
    page = opened(browser, live_server, bank, locale=language)

    heading = page.locator("#edit-blocks")
    expect(heading).to_contain_text(says)
    assert page.locator("html").get_attribute("dir") == ("rtl" if language == "ar" else "ltr")
    assert page.locator("#id_definition").get_attribute("dir") == "ltr"
    assert axe.violations(page, within=".field-editor") == []
    assert page.complaints == []  # type: ignore[attr-defined]
    page.context.close()


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE])
def test_it_is_accessible_and_no_wider_than_the_window(browser, live_server, bank, viewport):
    page = opened(browser, live_server, bank, viewport=viewport)
    block(page, 0)
    page.get_by_role("spinbutton", name="Move budget").fill("999")
    page.locator(".edit-problem").wait_for()

    assert axe.violations(page, within="#content-start") == []
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    page.context.close()


def test_a_page_is_made_in_the_form_alone(page):
    page.goto("/admin/uiengine_surfaces/surface/add/")
    page.get_by_role("textbox", name="Slug").fill("news")
    page.locator("#id_title").fill("News")
    page.get_by_role("button", name="Add a breakpoint").click()
    page.get_by_role("button", name="Add a group").click()
    for name in ("Headlines", "Weather"):
        page.get_by_role("button", name="Add a block").click()
        row = rows(page, "blocks").last
        row.get_by_role("textbox", name="Title").fill(name)
        row.get_by_role("combobox", name="Group").select_option("group-1")
        row.get_by_label("All breakpoints: default columns").fill("6")
        row.get_by_label("All breakpoints: default rows").fill("2")
    page.locator("#definition-check .says", has_text="May be saved").wait_for()

    with page.expect_navigation():
        page.get_by_role("button", name="Save", exact=True).click()

    made = Surface.objects.get(slug="news").definition
    size = {"*": {"default": [6, 2]}}
    assert made == {
        "breakpoints": [{"name": "breakpoint-1", "min_width": 0, "columns": 12}],
        "groups": ["group-1"],
        "blocks": [
            {"id": "block-1", "title": "Headlines", "group": "group-1", "sizes": size},
            {"id": "block-2", "title": "Weather", "group": "group-1", "sizes": size},
        ],
    }


def test_without_script_the_json_stays(browser, live_server, bank):
    page = opened(browser, live_server, bank, java_script_enabled=False)

    assert page.locator(".field-editor").count() == 0
    assert page.locator("#id_definition").is_visible()
    page.context.close()
