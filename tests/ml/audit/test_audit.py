"""The audit end to end: it names planted disparities, and nothing else."""

import json

import numpy as np
import pytest

from ml.audit import cohort
from ml.audit.__main__ import main
from ml.audit.audit import audit
from ml.data.errors import DataError


def static(order, rng):
    """Shows the default layout to people whose events never arrive."""
    return list(cohort.BLOCKS), False


def exceeding(report, metric):
    rows = [r for r in report["slices"] if r["verdict"] == "exceeds" and r["metric"] == metric]
    return [row["slice"] for row in rows if row["direction"] == "worse"]


def run(tmp_path, *, planted=cohort.as_others, users=700, visits=5, shuffle=False, **other):
    replay = tmp_path / "replay.jsonl"
    seen, people = cohort.simulate(replay, users=users, visits=visits, planted=planted)
    if shuffle:
        people["user"] = np.random.default_rng(1).permutation(people["user"].to_numpy())
    by = ["gender", "disability"]
    return audit(replay, seen, people, by, out=tmp_path / "out", simulated=True, **other)


@pytest.mark.parametrize(
    ("planted", "metric"),
    [
        (cohort.upside_down, "seconds"),
        (static, "seconds"),
        (cohort.explores, "exploration_share"),
    ],
)
def test_a_planted_disparity_is_found_and_named(tmp_path, planted, metric):
    report = run(tmp_path, planted=planted)

    assert report["verdict"] == "exceeds"
    assert {"disability": "Y"} in exceeding(report, metric)
    assert all(slice_.get("disability") == "Y" for slice_ in exceeding(report, metric))


def test_shuffled_attributes_hide_the_planted_disparity(tmp_path):
    report = run(tmp_path, planted=cohort.upside_down, shuffle=True)

    assert report["verdict"] != "exceeds"


def test_no_disparity_is_within(tmp_path):
    report = run(tmp_path, users=2500, visits=8)

    seconds = [r for r in report["slices"] if r["metric"] == "seconds"]
    assert {row["verdict"] for row in seconds} == {"within"}
    assert report["verdict"] == "within"


def test_a_slice_under_a_hundred_people_is_listed_and_never_within(tmp_path):
    report = run(tmp_path, users=300)

    small = [r for r in report["slices"] if r["users"] < 100 and r["tolerance"] is not None]
    assert {"disability": "Y"} in [row["slice"] for row in small]
    assert {row["verdict"] for row in small} == {"inconclusive"}


def test_people_without_attributes_are_one_slice_that_nothing_is_said_of(tmp_path):
    visits, people = cohort.simulate(tmp_path / "replay.jsonl", users=200, visits=3)

    report = audit(
        tmp_path / "replay.jsonl", visits, people.iloc[:0], ["gender"], out=tmp_path / "out"
    )

    assert {str(row["slice"]) for row in report["slices"]} == {"{'gender': 'unknown'}"}
    assert {row["estimate"] for row in report["slices"]} == {None}
    assert report["verdict"] == "inconclusive"
    assert "nobody to compare with" in (tmp_path / "out" / "report.html").read_text()


def test_the_report_has_the_shape_of_the_design(tmp_path):
    report = run(tmp_path, users=300)

    written = json.loads((tmp_path / "out" / "report.json").read_text())
    assert written == report
    for row in report["slices"]:
        assert {"surface", "slice", "metric", "unit", "users", "n", "estimate"} < set(row)
        assert {"interval", "tolerance", "verdict"} < set(row)
        assert (row["verdict"] is None) == (row["tolerance"] is None)
    tolerances = {r["metric"]: r["tolerance"] for r in report["slices"] if r["tolerance"]}
    assert tolerances == {"seconds": 0.02, "exploration_share": 0.02, "blocks_moved": 0.1}
    counts = [r for r in report["slices"] if r["metric"] == "tokens" and len(r["slice"]) == 1]
    assert sum(r["n"] for r in counts if "gender" in r["slice"]) == 300 * 5


def test_the_champion_is_compared_on_the_same_visits(tmp_path):
    before = tmp_path / "before.jsonl"
    cohort.simulate(before, users=700, visits=5)

    report = run(tmp_path, planted=cohort.upside_down, champion=before, anchor=before)

    assert {"disability": "Y"} in exceeding(report, "seconds_since_champion")
    assert {"disability": "Y"} in exceeding(report, "seconds_since_anchor")


def test_a_version_equals_itself(tmp_path):
    report = run(tmp_path, champion=tmp_path / "replay.jsonl")

    since = [r for r in report["slices"] if r["metric"] == "seconds_since_champion"]
    assert {row["estimate"] for row in since} == {0.0}


def test_a_champion_of_other_visits_is_refused(tmp_path):
    other = tmp_path / "other.jsonl"
    lines = []
    visits, people = cohort.simulate(other, users=120, visits=2)
    for line in other.read_text().splitlines():
        lines.append(line)
    half = len(lines) // 2
    replay = tmp_path / "first.jsonl"
    replay.write_text("\n".join(lines[:half]))
    other.write_text("\n".join(lines[half:]))

    with pytest.raises(DataError, match="must replay visits of the audited replay"):
        audit(replay, visits, people, ["gender"], champion=other, out=tmp_path / "out")


def test_the_next_look_counts_only_the_visits_since_the_last(tmp_path):
    replay = tmp_path / "replay.jsonl"
    visits, people = cohort.simulate(replay, users=200, visits=6)
    lines = replay.read_text().splitlines()
    early = tmp_path / "early.jsonl"
    early.write_text("\n".join(lines[: 200 * 2]))
    given = (visits, people, ["gender"])
    first = audit(early, *given, out=tmp_path / "one")

    second = audit(replay, *given, previous=[first], out=tmp_path / "two")

    assert second["look"] == 2
    assert second["surfaces"][0]["visits"] == 200 * 4
    assert "Over the versions" in (tmp_path / "two" / "report.html").read_text()
    with pytest.raises(DataError, match="nothing new"):
        audit(replay, *given, previous=[first, second], out=tmp_path / "three")


@pytest.mark.parametrize("people_back", [1, 600])
def test_a_look_at_too_few_visits_counts_all_again(tmp_path, people_back):
    """Of 600 people, one or all come back after the first look."""
    replay = tmp_path / "replay.jsonl"
    visits, people = cohort.simulate(replay, users=600, visits=4)
    lines = replay.read_text().splitlines()
    early = tmp_path / "early.jsonl"
    early.write_text("\n".join(lines[: 600 * 2]))
    back = [one for one in lines[600 * 2 :] if int(one.split('"')[3].split("-")[1]) < people_back]
    replay.write_text("\n".join(lines[: 600 * 2] + back))
    given = (visits, people, ["gender"])
    first = audit(early, *given, out=tmp_path / "one")

    second = audit(replay, *given, previous=[first], out=tmp_path / "two")

    counted = {1: ("all visits", 600, 1202), 600: ("visits since the last look", 600, 1200)}
    surface = second["surfaces"][0]
    assert (second["counted"], surface["users"], surface["visits"]) == counted[people_back]
    assert second["look"] == 2


def test_the_command_reads_files_and_ends_with_one_json_line(tmp_path, capsys):
    replay = tmp_path / "replay.jsonl"
    visits, people = cohort.simulate(replay, users=150, visits=3)
    visits.to_parquet(tmp_path / "visits.parquet")
    people.to_csv(tmp_path / "people.csv", index=False)
    files = ["--visits", f"{tmp_path}/visits.parquet", "--people", f"{tmp_path}/people.csv"]
    out = tmp_path / "out"

    code = main(["--replay", str(replay), *files, "--by", "gender", "--out", str(out)])

    assert code == 0
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert last["verdict"] == json.loads((out / "report.json").read_text())["verdict"]
    assert last["visits"] == 450
    code = main(["--replay", str(replay), *files, "--by", "age", "--out", str(out)])
    assert code == 2
    assert "they have disability, gender" in capsys.readouterr().err


def test_smoke_needs_nothing_and_says_simulated(tmp_path, capsys):
    assert main(["--smoke", "--out", str(tmp_path)]) == 0

    assert json.loads(capsys.readouterr().out.splitlines()[-1])["simulated"] is True
    assert "simulated" in (tmp_path / "report.html").read_text()
