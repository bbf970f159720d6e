"""Pages of the admin say what is left to do about a version, and offer it."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, User
from django.urls import reverse

from tests.webapp.codebooks.conftest import judged
from webapp.audits.models import AuditReport
from webapp.codebooks.gate.clearance import ACKNOWLEDGE
from webapp.codebooks.gate.promotion import innate_ship
from webapp.codebooks.gate.rollout import challenger_set
from webapp.codebooks.management.runs import next_steps
from webapp.codebooks.models import Pipeline, Rollout, Run
from webapp.codebooks.registry.aliases import version_promote
from webapp.lib.admin_pages import link, page_of
from webapp.studio.waiting import waiting

pytestmark = pytest.mark.django_db


@pytest.fixture
def held(version, course):
    """A pipeline that stopped since audit and gate could not tell."""
    audit = AuditReport.objects.create(
        surface=course, version=version, verdict="inconclusive", report={}
    )
    gate = judged(version, course, "unclear")
    line = Pipeline.objects.create(
        kind="retrain",
        surface=course,
        version=version,
        key="k",
        state="held",
        outcome="Held: audit unclear.",
    )
    return line, audit, gate


def said(response) -> str:
    """The messages on top of a page, as HTML."""
    return " ".join(map(str, response.context["messages"]))


def acknowledge(person, report):
    return person.post(page_of(report, "acknowledge"), {"why": "few people"}, follow=True)


def test_a_held_pipeline_lists_what_is_left_then_offers_promotion_and_ends_with_it(
    admin_client, admin_user, held, course
):
    line, audit, gate = held
    ways = [page_of(audit, "acknowledge"), page_of(gate, "acknowledge")]
    promote = f"{page_of(line.version, 'promote')}?surface={course.pk}"
    before = admin_client.get(page_of(line)).content.decode()
    assert all(f'href="{way}"' in before for way in ways) and "Nothing stands" not in before

    acknowledge(admin_client, audit)
    acknowledge(admin_client, gate)

    after = admin_client.get(page_of(line)).content.decode()
    assert "Nothing stands in the way of course-home-1 on course-home now." in after
    assert after.count(f'href="{promote}"') == 2  # beside the sentence, and among the tools
    assert not any(f'href="{way}"' in after for way in ways)
    (item,) = waiting(admin_user)
    assert "waits for somebody to promote it" in item.says
    admin_client.post(promote, {"surface": course.pk, "why": "good"})
    line.refresh_from_db()
    assert (line.state, line.outcome) == ("done", "Held: audit unclear. Promoted by admin.")
    assert waiting(admin_user) == []


def test_a_command_names_the_step_that_is_left_and_no_name_where_the_gate_failed(held, course):
    line, _, gate = held
    assert next_steps(line) == f"Next: {ACKNOWLEDGE}"

    gate.delete()
    judged(line.version, course, "failed")

    assert next_steps(line) == "Next: Retrain, and let it be judged."


def test_an_acknowledgement_says_what_else_stands_in_the_way(admin_client, held):
    _, audit, gate = held

    first = said(acknowledge(admin_client, audit))
    second = said(acknowledge(admin_client, gate))

    assert "is not cleared by the gate" in first and page_of(gate, "acknowledge") in first
    assert "Nothing stands" not in first
    assert "Nothing stands in the way" in second


def test_a_challenge_ends_the_wait_too_and_another_champion_overtakes_it(
    held, innate, course, version
):
    line, *_ = held
    innate_ship(folder=innate)
    line.refresh_from_db()
    assert (line.state, line.outcome) == ("done", "Held: audit unclear. Overtaken: innate serves.")
    Pipeline.objects.filter(pk=line.pk).update(state="held", outcome="Held.")

    challenger_set(version=version, surface=course, share=0, why="try", by_name="ada")

    line.refresh_from_db()
    assert (line.state, line.outcome) == ("done", "Held. It decides in the shadow, by ada.")


def test_a_proposal_of_one_person_leaves_the_pipeline_held(admin_client, held, course, version):
    line, audit, gate = held
    Rollout.objects.create(surface=course, needs_two=True)
    acknowledge(admin_client, audit)
    acknowledge(admin_client, gate)

    admin_client.post(page_of(version, "promote"), {"surface": course.pk, "why": "good"})

    line.refresh_from_db()
    assert line.state == "held"


def test_a_reader_is_told_whom_to_ask_and_offered_no_step(client, held):
    line, *_ = held
    user = User.objects.create_user("ada", is_staff=True)
    user.groups.add(Group.objects.get(name="auditor"))
    client.force_login(user)

    page = client.get(page_of(line)).content.decode()

    assert page_of(line.version, "promote") not in page
    assert "Ask somebody with the permission" in page


def test_a_failed_pipeline_goes_on_from_its_own_page(admin_client, course):
    line = Pipeline.objects.create(kind="retrain", surface=course, key="k", state="failed")
    run = Run.objects.create(kind="collect", surface=course, pipeline=line, key="r", state="failed")
    go_on = page_of(line, "go_on")
    assert f'href="{go_on}"' in admin_client.get(page_of(line)).content.decode()

    answer = admin_client.post(go_on, follow=True)
    again = admin_client.post(go_on, follow=True)

    run.refresh_from_db()
    assert run.state == "queued"
    assert link(line, f"pipeline {line.pk}") in said(answer)
    assert "only a failed one goes on" in again.content.decode()


def test_rolling_back_is_offered_wherever_the_version_that_serves_is_shown(
    admin_client, innate, version, course
):
    back = reverse("admin:uiengine_surfaces_surface_rollback", args=[course.pk])
    report = AuditReport.objects.create(
        surface=course, version=version, verdict="within", report={}
    )
    pages = [page_of(version), page_of(report), page_of(course), "/admin/", "/admin/studio/health/"]

    def offering() -> list[str]:
        return [p for p in pages if f'href="{back}"' in admin_client.get(p).content.decode()]

    innate_ship(folder=innate)
    assert offering() == []
    version_promote(surface=course, version=version, why="test", by_name="test")
    assert offering() == pages


def test_a_page_that_a_message_names_is_linked(admin_client, course, version):
    address = reverse("admin:uiengine_surfaces_surface_retrain", args=[course.pk])

    first = admin_client.post(address, follow=True)
    second = admin_client.post(address)

    line = Pipeline.objects.get()
    assert link(line, f"pipeline {line.pk}") in said(first)
    assert link(line, f"pipeline {line.pk}") in second.content.decode()


def test_the_record_links_the_surface_and_both_versions(admin_client, innate, version, course):
    innate_ship(folder=innate)
    move = version_promote(surface=course, version=version, why="test", by_name="test")

    page = admin_client.get(
        reverse("admin:uiengine_codebooks_aliasmove_changelist")
    ).content.decode()

    assert all(str(link(row, text)) in page for row, text in (
        (course, "course-home"), (move.before, "innate"), (version, "course-home-1")
    ))  # fmt: skip
