"""`manage.py rehearse` and its pages: a past in, a verdict out, and nothing that serves changed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import CommandError, call_command
from django.urls import reverse

from tests.webapp.codebooks.conftest import PEOPLE, VISITS
from uiengine.page.layout import pack
from uiengine.page.reading_order import default_order
from webapp.codebooks.models import Alias, CodebookVersion, Run
from webapp.codebooks.pipeline import steps
from webapp.lib.admin_pages import page_of
from webapp.privacy.erase import subject_erase
from webapp.privacy.export import subject_export
from webapp.subjects.imports.jobs import import_file
from webapp.subjects.models import Profile, Subject
from webapp.surfaces import mappers
from webapp.trials.models import Rehearsal, RehearsedWeek
from webapp.trials.rehearsals import words
from webapp.trials.rehearsals.services import rehearsal_save

pytestmark = pytest.mark.django_db


@pytest.fixture
def past(page) -> Any:
    """The course home with its simulated people."""
    import_file(str(VISITS), people=str(PEOPLE), source=Subject.Source.SIMULATED)
    return page


def serving() -> list[Any]:
    tables = (Alias, CodebookVersion, Profile)
    return [list(table.objects.order_by("pk").values()) for table in tables]


def test_it_tells_and_draws_and_leaves_what_serves_alone(past, tmp_path, capsys):
    before = serving()

    call_command("rehearse", surface="course-home", out=tmp_path / "page.html", least=0.01)

    told = capsys.readouterr().out.splitlines()
    done = json.loads(told[-1])
    found = Rehearsal.objects.get(pk=done["report"])
    assert told[0].startswith("Too few people to tell: ") and found.verdict == "too_few"
    today = next(line for line in told if line.startswith("  Today"))
    assert "what the others are measured against" in today and "–" not in today
    assert done["needed"] == 30  # a fifth of 36 people are too few for any interval
    html = (tmp_path / "page.html").read_text()
    assert html.count("Before: today") == html.count("<article>") == 3
    assert "<b>simulated</b>" in html and "file:" not in html
    assert {row["slice"].get("gender") for row in found.figures["slices"]} >= {"M"}
    assert serving() == before


def test_a_folder_in_place_of_its_page_is_refused_before_the_walk(past, tmp_path):
    with pytest.raises(CommandError, match="is a folder"):
        call_command("rehearse", surface="course-home", out=tmp_path)

    assert not Rehearsal.objects.exists()


def test_a_week_goes_with_its_person_who_is_told_of_it_before(past):
    call_command("rehearse", surface="course-home")
    week = RehearsedWeek.objects.first()
    key = week.subject.key

    (copy,) = json.loads(b"".join(subject_export(key=key)))["rehearsed_weeks"]
    subject_erase(key=key)

    assert copy["shown"]["place"] == week.shown["place"]
    assert RehearsedWeek.objects.count() == 2 and Rehearsal.objects.count() == 1


def test_nobody_who_was_erased_meanwhile_is_drawn(past):
    call_command("rehearse", surface="course-home")
    found, shown = Rehearsal.objects.get(), RehearsedWeek.objects.all()
    page = mappers.to_surface(past)
    placed = pack(page, default_order(page)).placements[page.widest.name]
    told = {"saved": 0.1, "visits": [], "more": 0, "reasons": (), "uses": {"forum": 1}}
    weeks = [
        {**told, "user": user, "place": "most", "placed": placed}
        for user in (shown[0].subject.key, "file:erased")
    ]

    row = rehearsal_save(surface=past, version=None, figures=found.figures, weeks=weeks)

    assert [week.subject.key for week in row.weeks.all()] == [weeks[0]["user"]]


def test_the_button_asks_workers_and_the_page_shows_weeks_to_who_may_see_people(
    past, admin_client, client, monkeypatch
):
    sent: list[int] = []
    monkeypatch.setattr(
        "webapp.trials.rehearsals.admin.run_enqueue", lambda run: sent.append(run.pk)
    )
    ask = reverse("admin:uiengine_trials_rehearsal_ask", args=[past.pk])
    assert ask in admin_client.get(page_of(past)).content.decode()

    asked = admin_client.post(ask, follow=True).content.decode()
    again = admin_client.post(ask, follow=True).content.decode()

    (run,) = Run.objects.all()
    assert sent == [run.pk] and page_of(run) in asked and "under way already" in again
    done = steps.step_run(run.pk)
    assert (done.state, done.progress) == ("done", 1.0)
    found = Rehearsal.objects.get()
    assert page_of(found) in admin_client.get(page_of(run)).content.decode()
    told = admin_client.get(page_of(found)).content.decode()
    title = f"<title>Rehearsal {found.pk} of {past}: too few people to tell |"
    assert title in " ".join(told.split()) and "too_few" not in told
    assert done.result["version"] == "innate"
    assert "Too few people" in told and "uiengine_codebooks/report.css" in told
    assert admin_client.get(page_of(found, "page")).content.decode().count("<article>") == 3
    auditor = User.objects.create_user("ada", is_staff=True)
    auditor.groups.add(Group.objects.get(name="auditor"))
    client.force_login(auditor)
    shown = client.get(page_of(found, "page")).content.decode()
    assert "Time saved against" in shown and "<article>" not in shown
    assert client.get(page_of(found, "json")).json()["people"] == found.figures["people"]


def test_without_a_past_a_surface_or_a_version_it_says_what_to_do(page):
    for asked, says in (
        ({"surface": "nowhere"}, "'nowhere' is unknown. There are: course-home"),
        ({"surface": "course-home"}, "no past to rehearse on.*import_events"),
        ({"surface": "course-home", "by": ["hair"]}, "'hair' is no attribute"),
    ):
        with pytest.raises(CommandError, match=says):
            call_command("rehearse", **asked)
    import_file(str(VISITS), source=Subject.Source.SIMULATED)
    CodebookVersion.objects.all().delete()
    with pytest.raises(CommandError, match=r"has no version.*load_fixtures"):
        call_command("rehearse", surface="course-home")


def test_the_button_says_where_there_is_no_past_and_asks_for_nothing(page, admin_client):
    ask = reverse("admin:uiengine_trials_rehearsal_ask", args=[page.pk])

    opened = admin_client.get(ask).content.decode()
    asked = admin_client.post(ask).content.decode()

    assert "no past to rehearse on" in opened and "errorlist" not in opened
    assert "no past to rehearse on" in asked and "errorlist" in asked
    assert not Run.objects.exists()


def test_where_nothing_differs_the_plot_has_a_scale_all_the_same():
    still = {"estimate": 0.0, "interval": [0.0, 0.0]}
    names = ("engine", "popularity", "frecency")

    drawn, nothing, least = words.bars(
        {"least": 0.0, "policies": {name: {"saved": still} for name in names}}
    )

    assert [(bar.left, bar.width) for bar in drawn] == [(0.0, 0.0)] * 3
    assert nothing == least == 0.0


@pytest.mark.parametrize(
    ("interval", "why"),
    [
        ((0.176, 0.308), "but an interval of 20 people is not relied on."),
        ((-0.02, 0.308), "which does not say whether 1.0 % or more would be saved."),
    ],
)
def test_too_few_people_are_told_why(interval, why):
    figures = {
        "verdict": "too_few",
        "policies": {"engine": {"saved": {"estimate": 0.242, "interval": interval}}},
        **{"least": 0.01, "level": 0.95, "people": 20, "needed": 30, "held_back": 20},
        "held_back_percent": 20,
    }

    told = words.headline(figures)

    assert why in told and "About 30 held-back people would tell" in told
