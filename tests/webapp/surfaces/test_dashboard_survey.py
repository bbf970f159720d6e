"""The survey of real dashboards counts what it should, and fails where it should."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.evidence.dashboard_files import files_of
from tests.evidence.real_dashboards import main
from tests.uiengine.dashboards.samples import GRAFANA, GRAFANA_V2, KIBANA, PERSES


def surveyed(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict]:
    """Exit status, and the line at the end."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return int(ended.value.code or 0), json.loads(capsys.readouterr().out.splitlines()[-1])


def write(folder: Path, **documents: object) -> Path:
    for name, document in documents.items():
        (folder / f"{name}.json").write_text(json.dumps(document))
    return folder


def test_the_pages_of_the_tests_pass(capsys):
    status, told = surveyed(capsys, "--smoke")

    assert status == 0 and told["is_enough"]
    assert len(told["dashboards"]) == 9
    for tally in told["dashboards"].values():
        assert tally["files"] == tally["imported"] == tally["round_tripped"] > 0


def test_each_tool_is_told_and_other_files_are_counted_apart(tmp_path, capsys):
    empty = {"title": "Nothing", "schemaVersion": 39, "panels": []}
    write(tmp_path, a=GRAFANA, b=GRAFANA_V2, c=empty, d=KIBANA, e=PERSES, package={"name": "x"})
    (tmp_path / "broken.json").write_text('{"panels": [')

    _, told = surveyed(capsys, str(tmp_path))

    assert told["others"] == {"no dashboard": 1, "unread": 1}
    counts = {name: (t["files"], t["with_panels"]) for name, t in told["dashboards"].items()}
    assert counts == {"grafana": (3, 2), "kibana": (1, 1), "perses": (1, 1)}


def test_a_refused_dashboard_is_named_by_its_reason_and_fails_the_survey(tmp_path, capsys):
    lost = json.loads(json.dumps(GRAFANA_V2))
    lost["spec"]["layout"] = {"kind": "GridLayout", "spec": {"items": []}}
    write(tmp_path, good=GRAFANA, lost=lost)

    status, told = surveyed(capsys, str(tmp_path))

    assert status == 1 and not told["is_enough"]
    (reason,) = told["dashboards"]["grafana"]["refused"]
    assert reason.startswith("layout: places none of its N panels")
    assert surveyed(capsys, str(tmp_path), "--least", "50")[0] == 0


def test_a_folder_without_dashboards_is_no_success(tmp_path, capsys):
    assert surveyed(capsys, str(tmp_path))[0] == 1


def test_a_named_format_counts_files_that_bear_no_mark(tmp_path, capsys):
    write(tmp_path, bare={"title": "Bare", "panels": [{"type": "stat", "targets": []}]})

    assert surveyed(capsys, str(tmp_path))[1]["dashboards"] == {}
    told = surveyed(capsys, str(tmp_path), "--format", "grafana")[1]
    assert told["dashboards"]["grafana"]["imported"] == 1


def test_a_git_directory_gives_the_files_of_its_newest_commit(tmp_path):
    work = tmp_path / "work"
    work.mkdir()
    write(work, ä=GRAFANA, b=PERSES)
    (work / "notes.txt").write_text("no dashboard")
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", "-C", str(work)]
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "x"]):
        subprocess.run([*git, *arguments], check=True)
    (work / "b.json").write_text("{}")

    found = dict(files_of(work / ".git"))

    assert {name: json.loads(content) for name, content in found.items()} == {
        "ä.json": GRAFANA,
        "b.json": PERSES,
    }
    assert json.loads(dict(files_of(work))["b.json"]) == {}
    with pytest.raises(FileNotFoundError, match="Name another"):
        list(files_of(tmp_path / "nowhere"))
