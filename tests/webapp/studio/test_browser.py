"""Every admin page in real Chromium is accessible, obeys its policy and fits a phone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, Page

from tests.patience import PATIENCE
from tests.webapp import axe
from tests.webapp.demo.conftest import chromium
from tests.webapp.studio.test_compare import row
from webapp.audits.models import AuditReport
from webapp.codebooks.gate import conditions
from webapp.codebooks.models import GateReport, Part, Pipeline, Run
from webapp.codebooks.registry.aliases import version_promote
from webapp.subjects.models import Profile, ServerKey

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    axe.install()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # Playwright runs its own event loop
        yield from chromium()


@pytest.fixture
def filled(browser, live_server, cohort, version):
    """A surface with people, a champion, an audit, a gate report and a running training."""
    version_promote(surface=cohort, version=version, why="test", by_name="test")
    slices = [row(0.05, 0.04, 0.06, "exceeds")]
    AuditReport.objects.create(
        surface=cohort,
        version=version,
        verdict="exceeds",
        report={"verdict": "exceeds", "slices": slices},
        html="<!doctype html><html lang='en'><title>T</title><body><main><h1>T</h1></main></body>",
    )
    judged = [
        conditions.parity(version.card),
        conditions.guardrails({}, 100, seconds=0.01, most_seconds=0.2),
    ]
    GateReport.objects.create(surface=cohort, version=version, verdict="passed", conditions=judged)
    Run.objects.create(kind="train", surface=cohort, key="k", state="running", progress=0.4)
    ServerKey.objects.create(name="host", prefix="abc", digest="d")
    return cohort


@pytest.fixture
def page(browser, filled, live_server) -> Iterator[Page]:
    """The owner's browser page at desktop width; complaints of the console fail the test."""
    client = Client()
    client.force_login(User.objects.create_superuser("owner"))
    context = browser.new_context(viewport=DESKTOP, base_url=live_server.url)
    session = client.cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    context.set_default_timeout(PATIENCE * 1000)
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    page.complaints = complaints  # type: ignore[attr-defined]
    yield page
    context.close()


def studio_pages(surface, version) -> list[str]:
    profile = Profile.objects.first()
    return [
        "/admin/",
        "/admin/studio/health/",
        f"/admin/studio/gallery/{version.pk}/",
        f"/admin/studio/compare/?version={version.pk}&surface={surface.slug}",
        f"/admin/studio/preview/{surface.pk}/?who=made-up&uses-2=9",
        f"/admin/studio/explain/{profile.pk}/",
        f"/admin/studio/suggest/{surface.pk}/",
        reverse("admin:uiengine_surfaces_surface_change", args=[surface.pk]),
        reverse("admin:uiengine_codebooks_codebookversion_change", args=[version.pk]),
        reverse("admin:uiengine_codebooks_codebookversion_promote", args=[version.pk]),
    ]


def model_pages() -> list[str]:
    """Lists every registered model's list page, and the page of its first row."""
    found = []
    for model in admin.site._registry:
        if model.__module__.startswith("webapp."):
            name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
            found.append(reverse(f"{name}_changelist"))
            if first := model._default_manager.order_by("pk").first():
                found.append(reverse(f"{name}_change", args=[first.pk]))
    return found


def faults(page: Page, address: str, within: str = "#content-start") -> list[str]:
    """Returns problems of a page: its status, headings, console, axe."""
    page.complaints.clear()  # type: ignore[attr-defined]
    response = page.goto(address)
    found = [] if response and response.status == 200 else [f"{response and response.status}"]
    found += page.complaints  # type: ignore[attr-defined]
    levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3')].map(h => +h.tagName[1])")
    if levels.count(1) != 1 or any(b > a + 1 for a, b in pairwise(levels)):
        found.append(f"headings {levels}")
    return [f"{address}: {fault}" for fault in [*found, *axe.violations(page, within=within)]]


def test_every_page_of_ours_is_accessible(page, filled, version):
    pages = dict.fromkeys([*studio_pages(filled, version), *model_pages()])
    found = [fault for address in pages for fault in faults(page, address)]
    found += faults(page, "/admin/", "html")  # header, navigation and footer, the same everywhere
    assert len(pages) > 25
    assert found == []


def test_the_studio_fits_a_phone_in_the_dark(page, filled, version):
    page.set_viewport_size(PHONE)
    page.emulate_media(color_scheme="dark")
    for address in studio_pages(filled, version):
        assert faults(page, address) == []
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, address


CUT = """[...document.querySelectorAll('.form-row, .form-row *, .scrolls')].filter(
    e => e.clientWidth > 1 && e.scrollWidth > e.clientWidth + 1 && e.tabIndex < 0
        && getComputedStyle(e).overflowX !== 'visible').map(e => e.className)"""
"""What is cut off, or scrolls where the keyboard does not reach it."""


@pytest.fixture
def judged(filled, version):
    """Addresses of a pipeline, its step and its gate report, all with figures by slice."""
    slices = [{"slice": f"language_of_the_household_{n}", "moved": n / 7} for n in range(9)]
    line = Pipeline.objects.create(kind="retrain", surface=filled, version=version, key="p")
    told = {"sha256": "a1" * 32, "churn": {"first_token": {"people": 9}, "slices": slices}}
    run = Run.objects.create(
        kind="replay", surface=filled, key="r", pipeline=line, state="done", result=told
    )
    worked = {"work": "replay", "host": "worker-in-frankfurt-07.example.org", "error": "x" * 80}
    Part.objects.create(run=run, number=0, first_shard=0, end_shard=256, state="failed", **worked)
    rows = (line, run, GateReport.objects.get())
    return [
        reverse(f"admin:uiengine_codebooks_{row._meta.model_name}_change", args=[row.pk])
        for row in rows
    ]


@pytest.mark.parametrize("width", [1300, 390])
def test_no_table_is_cut_off_where_the_keyboard_does_not_reach(page, judged, width):
    page.set_viewport_size({"width": width, "height": 900})
    for address in judged:
        page.goto(address)
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        assert page.evaluate(CUT) == [], address
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, address
        assert axe.violations(page, within="#content-start") == []


def test_the_preview_shows_whole_tables_on_a_desktop(page, filled):
    page.set_viewport_size({"width": 1300, "height": 900})
    page.goto(f"/admin/studio/preview/{filled.pk}/")
    wide = "[...document.querySelectorAll('.scrolls')].map(e => e.scrollWidth - e.clientWidth)"
    assert page.evaluate(wide) == [0, 0]


@pytest.mark.parametrize(("scheme", "theme"), [("light", "dark"), ("dark", "light")])
def test_verdicts_are_read_in_the_theme_that_the_admin_was_set_to(page, filled, scheme, theme):
    older, newer = AuditReport.objects.get(), AuditReport.objects.get()
    newer.pk = None
    newer.report = {"verdict": "within", "slices": [row(0.0, -0.01, 0.01, "within")]}
    newer.save()
    page.emulate_media(color_scheme=scheme)
    page.add_init_script(f"localStorage.setItem('theme', '{theme}')")
    for address in (
        reverse("admin:uiengine_codebooks_codebookversion_change", args=[older.version_id]),
        reverse("admin:uiengine_audits_auditreport_compare"),
    ):
        assert faults(page, address) == []
        assert page.locator(".exceeds").count() and page.locator("body:visible").count()


def test_a_definition_is_checked_while_it_is_typed(page, filled):
    page.goto(reverse("admin:uiengine_surfaces_surface_change", args=[filled.pk]))
    says, text = page.locator("#definition-check .says"), page.locator("#id_definition")
    says.filter(has_text="May be saved").wait_for()
    definition = json.loads(text.input_value())
    definition["blocks"][1]["pinned"] = definition["blocks"][0]["pinned"]

    text.fill(json.dumps(definition))

    says.filter(has_text="would be refused").wait_for()
    problem = page.locator("#definition-check .problems li").first
    assert "pinned_stay and no_overlap in block announcements" in problem.inner_text()
    assert page.locator("#definition-check svg").count() == 0
    assert says.get_attribute("role") == "status"


def test_progress_renews_itself_and_can_be_paused(page, filled):
    page.goto("/admin/uiengine_codebooks/run/")
    page.evaluate("window.mark = 1")
    Run.objects.update(progress=0.8)
    page.locator("#runs-now", has_text="80%").wait_for()
    assert page.evaluate("window.mark") == 1  # the page was not reloaded

    pause = page.get_by_role("button", name="Pause")
    pause.focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Go on").wait_for()
