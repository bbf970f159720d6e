"""What only grows is emptied every night, and `webapp/README.md` says by what."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.apps import apps
from django.contrib.sessions.models import Session

from webapp.audits.models import AuditReport
from webapp.codebooks.gate.promotion import innate_version
from webapp.codebooks.models import Agreement, Alias, GateReport, GuardWindow, Proposal
from webapp.lib.admin_pages import page_of
from webapp.lib.times import to_day, to_milliseconds, utc_now
from webapp.privacy import outgrown, tasks
from webapp.subjects.models import Subject
from webapp.surfaces.models import PopularityDay
from webapp.trials.models import Rehearsal, RehearsedWeek

pytestmark = pytest.mark.django_db
README = (Path(__file__).parents[3] / "webapp" / "README.md").read_text()
NOW = utc_now()
OLD = NOW - timedelta(days=91)


def test_old_windows_comparisons_and_proposals_go_and_younger_ones_stay(page):
    version = innate_version()
    Alias.objects.filter(surface=page, name="challenger").delete()
    for at in (OLD, NOW):
        GuardWindow.objects.create(
            surface=page, version=version, since=at, answers=1, visits=1, is_enough=True
        )
        Agreement.objects.create(
            surface=page, champion=version, challenger=version, since=at, until=at
        )
    Proposal.objects.create(surface=page, version=version, by_name="ada", why="good", at=OLD)

    done = outgrown.outgrown_delete(now=NOW)

    assert (done["guard_windows"], done["agreements"], done["proposals"]) == (1, 1, 1)
    assert GuardWindow.objects.get().since == Agreement.objects.get().until == NOW


def test_comparisons_of_a_present_challenger_stay(page):
    version = innate_version()
    Alias.objects.create(surface=page, name="challenger", version=version)
    Agreement.objects.create(
        surface=page, champion=version, challenger=version, since=OLD, until=OLD
    )

    assert outgrown.outgrown_delete(now=NOW)["agreements"] == 0


def test_an_old_audits_page_is_emptied_and_its_figures_stay(page, admin_client):
    version = innate_version()
    report = AuditReport.objects.create(
        surface=page, version=version, verdict="within", report={"a": 1}, html="<h1>All</h1>"
    )

    assert outgrown.outgrown_delete(now=NOW)["audit_pages"] == 0
    outgrown.outgrown_delete(now=utc_now() + timedelta(days=366))

    report.refresh_from_db()
    assert (report.html, report.report) == ("", {"a": 1})
    shown = admin_client.get(page_of(report, "page"))
    assert "kept for a year" in shown.content.decode()


def test_weeks_of_people_go_after_a_month_and_rehearsals_after_a_year(page):
    row = Rehearsal.objects.create(surface=page, verdict="worth", figures={})
    somebody = Subject.objects.create(key="file:ada")
    RehearsedWeek.objects.create(rehearsal=row, subject=somebody, number=0, shown={})

    for days, weeks, rehearsals in ((29, 1, 1), (31, 0, 1), (366, 0, 0)):
        outgrown.outgrown_delete(now=utc_now() + timedelta(days=days))
        assert (RehearsedWeek.objects.count(), Rehearsal.objects.count()) == (weeks, rehearsals)


def test_gate_reports_go_with_the_files_of_their_version(page):
    version = innate_version()
    for status in ("retired", "removed"):
        version.status = status
        version.save()
        GateReport.objects.get_or_create(surface=page, version=version, verdict="passed")
        outgrown.outgrown_delete(now=NOW)
        assert GateReport.objects.exists() == (status == "retired")


def test_days_of_popularity_that_nothing_reads_go(page):
    today = to_day(to_milliseconds(NOW))
    for day in (today - 121, today - 120, today - 1):
        PopularityDay.objects.create(surface=page, day=day)

    assert outgrown.outgrown_delete(now=NOW)["popularity_days"] == 1


def test_expired_sessions_go_and_others_stay(settings, client, admin_user):
    settings.SESSION_ENGINE = outgrown.OUR_SESSIONS
    client.force_login(admin_user)
    Session.objects.create(session_key="over", session_data="", expire_date=OLD)

    outgrown.outgrown_delete(now=NOW)

    assert [row.expire_date > NOW for row in Session.objects.all()] == [True]


def test_the_nightly_task_deletes_them(page):
    PopularityDay.objects.create(surface=page, day=1)

    tasks.retention()

    assert not PopularityDay.objects.exists()


def test_the_table_of_what_grows_names_every_model_and_no_other():
    """Ours, and those of Django that we write to."""
    section = README.split("### What grows")[1].split("\n#")[0]
    named = set(re.findall(r"`([A-Z]\w+)`", section))
    ours = {
        model.__name__
        for model in apps.get_models(include_auto_created=False)
        if model.__module__.startswith("webapp.")
    }

    assert named == ours | {"Session", "LogEntry"}
