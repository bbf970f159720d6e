"""From declared goals to a verdict: what a trial counts, what it refuses, what its page says."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command

from webapp.subjects.decisions import is_control
from webapp.subjects.models import GoalEvent, Profile, Subject, Visit
from webapp.surfaces.models import Goal, Surface
from webapp.trials.goals.compare import goals_compare
from webapp.trials.goals.plan import goal_plan
from webapp.trials.models import Trial, TrialLook
from webapp.trials.services import trial_current
from webapp.trials.tasks import look

pytestmark = pytest.mark.django_db(transaction=True)
DAY = timedelta(days=1)


@pytest.fixture
def half(page) -> Surface:
    page.control_percent = 50
    page.save()
    return page


@pytest.fixture
def order(half, clock) -> Goal:
    return Goal.objects.create(
        surface=half, name="order", title="Orders", most=2.0, window_days=3, planned_people=400
    )


def came(surface, at, count, *, name="host", source="live") -> list[Profile]:
    """People with one visit each, all at one time."""
    people = Subject.objects.bulk_create(
        Subject(key=f"{name}:{at:%m%d%H}-{i}", source=source) for i in range(count)
    )
    profiles = Profile.objects.bulk_create(Profile(subject=p, surface=surface) for p in people)
    Visit.objects.bulk_create(
        Visit(profile=p, visit="v", started_at=at, day=1, order=["forum"], is_closed=True)
        for p in profiles
    )
    return profiles


def reached(goal, profiles, at, value=1.0, event_id="1") -> None:
    GoalEvent.objects.bulk_create(
        GoalEvent(
            profile=p, goal=goal, event_id=event_id, happened_at=at, received_at=at, value=value
        )
        for p in profiles
    )


def in_control(profile: Profile) -> bool:
    return is_control(profile.subject.key, "course-home", 50)


def test_sums_of_the_declared_days_are_compared_up_to_the_bound(half, order, clock):
    trial = trial_current(surface=half, now=clock.now)
    people = came(half, clock.now + DAY, 40)
    controls = [p for p in people if in_control(p)]
    adapted = [p for p in people if not in_control(p)]
    at = clock.now + 2 * DAY
    reached(order, controls[:3], at)
    reached(order, adapted[:4], at)
    reached(order, adapted[:2], at, value=9.0, event_id="2")  # above the bound of 2
    reached(order, adapted, clock.now, event_id="before")  # before anybody came
    reached(order, adapted, clock.now + 4 * DAY, event_id="after")  # after the three days
    came(half, clock.now + 3 * DAY, 7, name="late")
    came(half, clock.now + DAY, 5, name="simulated", source="simulated")
    came(half, clock.now + DAY, 5, name="demo")

    (row,) = goals_compare(trial, clock.now + 5 * DAY)

    assert row["people"] == {"control": len(controls), "adapted": len(adapted)}
    assert (row["waiting"], row["reached"], row["bounded"]) == (7, 7, 2)
    assert row["control"] == pytest.approx(3 / len(controls))
    assert row["adapted"] == pytest.approx((2 * 2 + 2 * 1) / len(adapted))
    assert row["verdict"] == "too_few" and row["is_primary"] and row["is_declared"]


def test_a_large_difference_is_found_and_the_page_says_so(half, order, clock, admin_client):
    trial = trial_current(surface=half, now=clock.now)
    people = came(half, clock.now, 500)
    adapted = [p for p in people if not in_control(p)]
    controls = [p for p in people if in_control(p)]
    reached(order, adapted[:120], clock.now + DAY)
    reached(order, controls[:30], clock.now + DAY)
    clock.advance(days=4)

    look(half.pk)

    (row,) = TrialLook.objects.get().figures["goals"]
    low, high = row["any_time_interval"]
    assert row["verdict"] == "better" and 0 < low < row["difference"] < high
    text = admin_client.get(f"/admin/uiengine_trials/trial/{trial.pk}/change/").content.decode()
    assert "Better with adapting" in text and "the primary goal" in text
    assert "cannot be changed until it ends" in text
    assert "style=" not in text.split('class="trial"')[1]


def test_what_was_declared_cannot_be_changed_after_the_start(half, order, clock, admin_client):
    trial = trial_current(surface=half, now=clock.now)
    held = Goal.objects.get()
    held.most = 1000.0

    for act in (held.save, held.delete, held.full_clean):
        with pytest.raises(ValidationError, match="stays as it was"):
            act()
    stale = order  # read before the trial began
    stale.better = -1
    with pytest.raises(ValidationError, match="stays as it was"):
        stale.save()
    address = f"/admin/uiengine_surfaces/goal/{order.pk}"
    assert admin_client.post(f"{address}/change/", {"most": 5}).status_code == 403
    assert admin_client.post(f"{address}/delete/", {"post": "yes"}).status_code == 403
    chosen = {"action": "delete_selected", "_selected_action": order.pk, "post": "yes"}
    admin_client.post("/admin/uiengine_surfaces/goal/", chosen)
    assert Goal.objects.get().most == 2.0
    assert trial.goals[0]["most"] == 2.0 and trial.goals[0]["better"] == 1


def test_a_goal_declared_later_is_shown_without_a_verdict(half, order, clock, admin_client):
    trial = trial_current(surface=half, now=clock.now)
    body = {"surface": half.pk, "name": "reply", "title": "Replies", "better": 1, "place": 0}
    body |= {"most": 1, "window_days": 3, "planned_people": 400}

    answer = admin_client.post("/admin/uiengine_surfaces/goal/add/", body, follow=True)

    assert "not declared before" in answer.content.decode()
    late = Goal.objects.get(name="reply")
    people = came(half, clock.now, 500)
    reached(late, [p for p in people if not in_control(p)], clock.now + DAY)
    declared, shown = goals_compare(trial, clock.now + 4 * DAY)
    assert (declared["name"], declared["is_primary"]) == ("order", True)
    assert (shown["name"], shown["is_declared"]) == ("reply", False)
    assert (shown["verdict"], shown["any_time_interval"]) == ("not_declared", None)
    assert shown["difference"] == 1.0


def test_another_trial_counts_the_goals_of_today_from_its_start(half, order, clock, admin_client):
    first = trial_current(surface=half, now=clock.now)
    Goal.objects.create(surface=half, name="reply", title="Replies", place=1)
    reached(order, came(half, clock.now, 10), clock.now + DAY)
    clock.advance(days=5)

    answer = admin_client.post(f"/admin/uiengine_trials/trial/{first.pk}/renew/", follow=True)

    assert "It counts Orders, Replies." in answer.content.decode()
    second = Trial.objects.get(ended_at=None)
    assert [goal["name"] for goal in second.goals] == ["order", "reply"]
    assert [goal["name"] for goal in Trial.objects.get(pk=first.pk).goals] == ["order"]
    rows = goals_compare(second, clock.now + 5 * DAY)
    assert [row["reached"] for row in rows] == [0, 0]
    assert [row["error"] for row in rows] == [0.05, 0.05]
    again = admin_client.post(f"/admin/uiengine_trials/trial/{first.pk}/renew/")
    assert "has ended" in again.content.decode() and Trial.objects.count() == 2


def test_when_a_trial_ends_its_goals_may_be_changed_again(half, order, clock, client):
    trial = trial_current(surface=half, now=clock.now)
    client.force_login(User.objects.create_user("staff", is_staff=True))
    assert client.post(f"/admin/uiengine_trials/trial/{trial.pk}/renew/").status_code == 403
    half.mode = Surface.Mode.OFF
    half.save()
    assert trial_current(surface=half, now=clock.now) is None

    goal = Goal.objects.get()
    goal.most = 7.0
    goal.save()

    assert Goal.objects.get().most == 7.0 and Trial.objects.get().goals[0]["most"] == 2.0


@pytest.fixture
def history(half, order, clock):
    """Twenty days on which 30 people came; a fifth of them ordered once, a tenth twice."""
    start = clock.now
    for day in range(20):
        people = came(half, start + day * DAY, 30)
        reached(order, people[:9], start + day * DAY + DAY / 2)
        reached(order, people[:3], start + day * DAY + DAY, event_id="2")
    clock.advance(days=20)


def test_a_plan_says_people_and_days_from_the_pages_own_history(half, order, history, clock):
    plan = goal_plan(goal=order, effect_percent=25, now=clock.now)

    # By hand: values 2, 1 and 0 of 3, 6 and 21 people in 30.
    mean, square = (3 * 2 + 6) / 30, (3 * 4 + 6) / 30
    count = 18 * 30  # whose three days are over: those of days 0 to 17
    spread = (square - mean**2) * count / (count - 1)
    people = (3.0352 + 0.8416) ** 2 * 2 * spread * (1 + 1.25**2) / (0.25 * mean) ** 2
    assert (plan.history_people, plan.history_days, plan.people_a_day) == (count, 20, 30)
    assert (plan.mean, plan.deviation) == (pytest.approx(mean), pytest.approx(spread**0.5))
    assert plan.people == pytest.approx(people, abs=2)
    assert plan.days == -(-plan.people // 30) + 3
    assert (plan.reached, plan.bounded, plan.error) == (18 * 9, 18 * 3, 0.05)
    by = {share.control_percent: share.people for share in plan.by_control}
    assert by[50] == plan.people and by[50] < by[20] < by[10] < by[5]


def test_the_command_and_the_page_tell_the_same_plan(half, order, history, admin_client, capsys):
    call_command("plan_trial", "--surface", half.slug, "--effect", "25", "--json")
    plan = json.loads(capsys.readouterr().out)
    call_command("plan_trial", "--surface", half.slug, "--goal", "order", "--effect", "25")
    assert plan["in_words"] in capsys.readouterr().out

    address = f"/admin/uiengine_surfaces/goal/{order.pk}/plan/"
    text = admin_client.get(address, {"effect": "25"}).content.decode()
    assert plan["in_words"] in text and f"Write {plan['people']} into" in text
    assert "What the plan assumes" in admin_client.get(address).content.decode()


@pytest.mark.parametrize(
    ("changes", "arguments", "said"),
    [
        ({}, ["--goal", "reply"], "It has: order."),
        ({}, ["--effect", "0"], "effect: 0 % is out of range"),
        ({}, ["--effect", "nan"], "effect: nan % is out of range"),
        ({"days": -12}, [], "Plan again in 2 days"),
        ({"people": 0}, [], "0 people came"),
        ({"reached": 0}, [], "See that its events arrive"),
        ({"control": 0}, [], "control_percent: 0"),
        ({"goal": False}, [], "Declare one in the admin"),
    ],
)
def test_too_little_history_is_said_with_the_next_step(
    half, order, history, clock, changes, arguments, said
):
    clock.advance(days=changes.get("days", 0))
    if "people" in changes:
        Visit.objects.all().delete()
    if "reached" in changes:
        GoalEvent.objects.all().delete()
    if "control" in changes:
        Surface.objects.update(control_percent=0)
    if "goal" in changes:
        order.delete()

    with pytest.raises(CommandError) as refused:
        call_command("plan_trial", "--surface", half.slug, "--effect", "25", *arguments)

    assert said in str(refused.value)
