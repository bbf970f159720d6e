"""With the rule of two people, one person alone lets no version serve anybody, by any path."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.urls import reverse

from tests.webapp.codebooks.conftest import judged, variant
from webapp.audits.models import AuditReport
from webapp.codebooks.gate import promotion, rollout
from webapp.codebooks.models import Alias, Proposal, Rollout
from webapp.lib.admin_pages import page_of

pytestmark = pytest.mark.django_db
WAYS = ("promote", "hold", "shadow", "canary")


@pytest.fixture
def cleared(version, course, innate):
    """The innate version serves; the trained one may. The course needs two people."""
    promotion.innate_ship(folder=innate)
    AuditReport.objects.create(surface=course, version=version, verdict="within", report={})
    judged(version, course)
    Rollout.objects.create(surface=course, needs_two=True, canary_percent=50)
    return version


@pytest.fixture
def ann(client):
    user = User.objects.create_superuser("ann")
    client.force_login(user)
    client.user = user
    return client


def as_somebody_else(client) -> None:
    client.force_login(User.objects.create_superuser("bob"))


def serving(course) -> dict[str, int]:
    """Versions that serve somebody, with their share."""
    rows = Alias.objects.filter(surface=course).exclude(name="anchor").select_related("version")
    return {row.version.name: row.share for row in rows if row.name == "champion" or row.share}


def test_one_person_reaches_nothing_by_the_admin(ann, cleared, course):
    rule = Rollout.objects.get()
    promote, challenge = page_of(cleared, "promote"), page_of(cleared, "challenge")
    form = {"surface": course.pk, "why": "mine"}
    settings = {
        **ann.get(page_of(rule)).context["adminform"].form.initial,
        "after_gate": "canary",
        "rolls_back": "on",
    }

    for _ in range(2):
        ann.post(promote, form)
        for share in (0, 1, 5, 50):
            ann.post(challenge, {**form, "share": share})
        ann.post(page_of(rule), {k: v for k, v in settings.items() if k != "needs_two"})
        ann.post(page_of(rule, "delete"), {"post": "yes"})
        ann.post(page_of(course, "delete"), {"post": "yes"})
        rollout.after_gate(version=cleared, surface=course)

    assert serving(course) == {"innate": 0}
    rule.refresh_from_db()
    assert (rule.needs_two, rule.after_gate) == (True, "canary")


def test_a_person_under_another_name_is_the_same_person(ann, cleared, course):
    form = {"surface": course.pk, "why": "mine"}
    ann.post(page_of(cleared, "promote"), form)
    User.objects.filter(pk=ann.user.pk).update(username="anna")

    ann.post(page_of(cleared, "promote"), form)
    ann.post(page_of(cleared, "challenge"), {**form, "share": 5})

    assert serving(course) == {"innate": 0} and Proposal.objects.count() == 1


@pytest.mark.parametrize("name", ["pipeline", "engine", "root"])
def test_a_shell_is_no_second_person_whatever_it_calls_itself(monkeypatch, cleared, course, name):
    monkeypatch.setenv("LOGNAME", name)
    rollout.promotion_ask(version=cleared, surface=course, why="good", by_name="ann")

    with pytest.raises(CommandError, match="two people with accounts"):
        call_command("promote", cleared.name, surface=course.slug)
    with pytest.raises(CommandError, match="two people with accounts"):
        call_command("challenger", cleared.name, surface=course.slug, share=5)
    call_command("challenger", cleared.name, surface=course.slug, share=0)

    assert serving(course) == {"innate": 0}


@pytest.mark.parametrize("after_gate", WAYS)
def test_no_setting_lets_a_pipeline_serve_by_itself(cleared, course, after_gate):
    Rollout.objects.update(after_gate=after_gate)

    outcome = rollout.after_gate(version=cleared, surface=course)

    assert outcome.is_held == (after_gate != "shadow")
    assert serving(course) == {"innate": 0}


def test_a_share_is_raised_by_whom_the_proposer_is_not(cleared, course):
    ask = {"version": cleared, "surface": course, "why": "more"}
    rollout.promotion_ask(**ask, by_name="ann")
    rollout.challenger_set(**ask, share=5, by_name="bob")

    with pytest.raises(rollout.PromotionError, match="needs two people"):
        rollout.challenger_set(**ask, share=50, by_name="ann")
    assert serving(course) == {"innate": 0, cleared.name: 5}


def test_a_newer_innate_version_does_not_take_over_by_itself(cleared, course, innate, tmp_path):
    newer = variant(innate, tmp_path / "newer", "cccccccccccc", [])

    promotion.innate_ship(folder=newer)

    assert serving(course) == {"innate": 0}


def test_the_rule_ends_when_a_second_person_asks_for_it_too(ann, cleared, course):
    rule = Rollout.objects.get()
    initial = ann.get(page_of(rule)).context["adminform"].form.initial
    form = {name: value for name, value in initial.items() if name != "needs_two"}

    first = ann.post(page_of(rule), form, follow=True)
    ann.post(page_of(rule), form)
    rule.refresh_from_db()
    assert "until somebody else ends that" in first.content.decode() and rule.needs_two

    as_somebody_else(ann)
    ann.post(page_of(rule), form)
    rule.refresh_from_db()
    assert (rule.needs_two, rule.lifted_by) == (False, "")


def test_two_people_promote_as_before(ann, cleared, course):
    form = {"surface": course.pk, "why": "good"}
    ann.post(page_of(cleared, "promote"), form)
    as_somebody_else(ann)
    ann.post(page_of(cleared, "promote"), form)

    assert serving(course) == {cleared.name: 0} and not Proposal.objects.exists()
    assert ann.get(reverse("admin:index")).status_code == 200
