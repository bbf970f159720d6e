from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from webapp.audits.models import AuditReport
from webapp.codebooks.admin.card_page import card_page
from webapp.codebooks.gate import promotion
from webapp.codebooks.models import Alias, AliasMove, CodebookVersion
from webapp.codebooks.pipeline.churn import jobs as churn_jobs
from webapp.codebooks.registry.training_record import (
    trained_versions,
    version_erasures,
    version_subjects,
)
from webapp.privacy.erase import subject_erase
from webapp.subjects.models import PersonalAttributes, Profile, Subject
from webapp.surfaces.models import Surface

pytestmark = pytest.mark.django_db


def run(command: str, *args: str, **options: object) -> dict:
    out = StringIO()
    call_command(command, *args, stdout=out, stderr=StringIO(), **options)
    return json.loads(out.getvalue().splitlines()[-1])


def test_from_visits_to_a_champion_and_back(cohort, innate, monkeypatch):
    """Runs a version's whole life with real training: retrain, acknowledge, promote, roll back,
    verify."""
    promotion.innate_ship(folder=innate)

    made = run("retrain", surface="course-home", smoke=True, by=["gender"])
    version = CodebookVersion.objects.get(name=made["version"])
    assert made["is_new"] and version.status == "audited"
    assert version.manifest["surfaces"] == ["course-home"]
    report = AuditReport.objects.get()
    # 36 people are under 100, so the audit is never *within* and the gate holds.
    assert made["verdict"] == report.verdict == "inconclusive"
    assert made["gate"] == "unclear" and made["outcome"].startswith("Held: ")
    assert report.report["simulated"] is True
    assert {row["slice"]["gender"] for row in report.report["slices"]} == {"F", "M"}
    assert "simulated" in report.html and "What this version alone moves" in report.html
    conditions = {c["name"]: c for c in version.gate_reports.get().conditions}
    assert list(conditions) == ["parity", "energy", "guardrails", "audit", "churn"]
    # Whom the retrain would move is counted beside the innate version, and holds nothing up.
    churn = conditions["churn"]
    assert (churn["verdict"], churn["people"], churn["limit"]) == ("passed", 36, "measured")
    assert churn["figure"] >= 0 and {s["slice"]["gender"] for s in churn["slices"]} == {"F", "M"}

    with pytest.raises(CommandError, match="nobody has acknowledged"):
        run("promote", version.name)
    with pytest.raises(CommandError, match="judged in a smoke run only"):
        run("promote", version.name[:14], why="a small demo", acknowledge="Ada")
    version.gate_reports.update(is_smoke=False)  # a full gate would take too long here
    run("promote", version.name[:14], why="a small demo", acknowledge="Ada")
    assert Alias.objects.get(name="champion").version == version

    refreshed = run("refresh", surface="course-home", smoke=True, by=["gender"])
    assert refreshed["is_new"] and set(refreshed["slices"]) == {"gender F", "gender M"}
    child = CodebookVersion.objects.get(name=refreshed["version"])
    assert child.parent == version

    monkeypatch.setattr(churn_jobs, "LEAST_PEOPLE", 36)
    again = run("retrain", surface="course-home", smoke=True, by=["gender"])
    later = CodebookVersion.objects.get(name=again["version"])
    aligned = later.card["training"]["alignment"]
    assert later.parent == version and aligned["champion"] == version.manifest["id"]
    assert aligned["is_start"] and len(aligned["stages"]) == 8
    found = {c["name"]: c for c in later.gate_reports.get().conditions}
    assert (found["churn"]["verdict"], found["churn"]["limit"]) == ("passed", 0.05)  # 36: measured
    step = later.card["training"]["step"]  # what the training counted is what the gate counts
    assert (step["most"], step["moved"]) == (
        0.05,
        pytest.approx(found["churn"]["figure"], abs=1e-4),
    )
    assert "of what was learned: it moves" in card_page(later)
    # Beside a trained champion a retrain must gain; a refresh, which is for slices, need not.
    beside = [child.gate_reports.get().conditions[1], found["energy"], conditions["energy"]]
    assert [one["limit"] for one in beside] == [0.005, 0.0, 0.005]

    # People can learn which versions they trained, and erasing a person marks both versions.
    assert 0 < version_subjects(version) <= 36
    key = next(k for k in Subject.objects.values_list("key", flat=True) if trained_versions(k))
    named = subject_erase(key=key)
    assert {v.version for v in named} == {version.name, child.name, later.name}
    assert all(version_erasures(one) == 1 for one in (version, child, later))

    line = run("rollback", surface="course-home", why="just trying")
    assert line == {"surface": "course-home", "from": version.name, "champion": "innate"}
    assert AliasMove.objects.filter(is_rollback=True).count() == 1
    assert run("verify_record")["is_whole"]


def test_fixtures_load_once(innate, monkeypatch):
    module = "webapp.codebooks.management.commands.load_fixtures"
    monkeypatch.setattr(f"{module}.INNATE_FOLDER", innate)
    monkeypatch.setattr(f"{module}.innate_ship", lambda: promotion.innate_ship(folder=innate))

    first, second = run("load_fixtures"), run("load_fixtures")

    assert first == {
        "surfaces": ["bank", "course-home", "health-portal", "operations", "shop-account"],
        "innate": "innate",
        "simulated_people": 60,
        "simulated_visits": 1350,
    }
    assert (second["surfaces"], second["simulated_people"]) == ([], 0)
    assert set(Alias.objects.values_list("surface__slug", "name", "version__name")) >= {
        ("course-home", "champion", "innate"),
        ("operations", "champion", "innate"),
    }
    assert Subject.objects.filter(source="simulated").count() == 60
    assert Subject.objects.filter(key="file:Amina – forum reader").exists()


def test_fixtures_leave_edits_alone():
    run("load_fixtures", no_cohort=True)
    Surface.objects.filter(slug="course-home").update(title="Ours", mode="off")

    run("load_fixtures", no_cohort=True)

    assert Surface.objects.get(slug="course-home").title == "Ours"
    assert not Profile.objects.exists() and not PersonalAttributes.objects.exists()


@pytest.mark.parametrize(
    ("command", "options", "message"),
    [
        (
            "retrain",
            {"surface": "nowhere"},
            "surface: 'nowhere' is unknown. There are: course-home",
        ),
        ("retrain", {"surface": "course-home"}, "at least 30 visits"),
        ("rollback", {"surface": "course-home"}, "no earlier champion"),
        ("audit", {"surface": "course-home"}, "no champion"),
        ("audit", {}, "none has visits"),
        ("audit", {"surface": "course-home", "by": ["shoes"]}, "'shoes' is no attribute"),
    ],
)
def test_errors_name_what_was_wrong_and_the_next_step(course, command, options, message):
    with pytest.raises(CommandError) as error:
        run(command, **options)

    assert message in str(error.value)


def test_an_unknown_version_lists_the_known(version):
    with pytest.raises(CommandError, match=r"'x' is unknown\. There are: course-home-1"):
        run("promote", "x")


def test_judging_by_another_attribute_does_not_get_round_an_audit_that_exceeds(cohort, version):
    """Nor does an audit by it that somebody acknowledges."""
    run("judge", version.name, surface="course-home", smoke=True, by=["gender"])
    AuditReport.objects.update(verdict="exceeds")

    found = run("judge", version.name, surface="course-home", smoke=True, by=["disability"])

    assert found["verdict"] == "failed"
    conditions = {c["name"]: c for c in version.gate_reports.latest("pk").conditions}
    assert (conditions["audit"]["verdict"], conditions["audit"]["figure"]) == ("failed", "exceeds")
    report = AuditReport.objects.latest("pk")
    assert (report.attributes, report.verdict) == (["disability"], "inconclusive")
    version.gate_reports.update(is_smoke=False)
    with pytest.raises(CommandError, match="worse than tolerated"):
        run("promote", version.name, why="small", acknowledge="Ada")
