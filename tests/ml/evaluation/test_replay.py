"""Replay lines are exact and use strictly earlier visits only; gains equal brute force.

On held-back real students the learned order beats the simple rules.
"""

import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from ml import replay
from ml.data.histories import page, visits_of
from ml.data.tables import check_visits, read_visits
from ml.evaluation.policies import policy
from ml.evaluation.replay import captured_gain, static_orders
from ml.evaluation.replay import replay as replayed
from tests.ml.conftest import KINDS
from uiengine.model.version_folder import load_version

INNATE = Path(__file__).parents[3] / "fixtures" / "innate"
REAL = Path(__file__).parents[4] / "shared/data/oulad/visits_daily_2013.parquet"
FIELDS = [
    "user", "surface", "at", "visit", "layout", "default", "tokens", "side_bits", "distortion",
    "explored", "status", "propensity", "decide_ms",
]  # fmt: skip
TRAIN = [
    ("s", "t", "2024-01-01", "c"),
    ("s", "t", "2024-01-01", "b"),
    ("s", "t", "2024-01-02", "c"),
]
TEST = [
    ("s", "1", "2024-03-01", "a"),
    ("s", "2", "2024-03-01", "d"),
    ("s", "1", "2024-03-02", "d"),
    ("s", "1", "2024-03-02T10:00:00Z", "a"),
    ("new", "1", "2024-03-02", "z"),
    ("new", "1", "2024-03-05", "y"),
]


def write(path, rows):
    columns = ["surface", "user", "at", "block"]
    pd.DataFrame(rows, columns=columns).assign(uses=1).to_csv(path, index=False)
    return str(path)


def run(tmp_path, capsys, *more, train=TRAIN, test=TEST):
    out = tmp_path / "out.jsonl"
    files = ["--test", write(tmp_path / "test.csv", test), "--out", str(out)]
    if train:
        files += ["--train", write(tmp_path / "train.csv", train)]
    assert replay.main([*files, *more]) == 0
    summary = json.loads(capsys.readouterr().out.splitlines()[-1])
    return [json.loads(line) for line in out.read_text().splitlines()], summary


def test_a_file_without_visits_is_refused_and_nothing_written(tmp_path, capsys):
    out = tmp_path / "out.jsonl"
    files = ["--test", write(tmp_path / "head.csv", []), "--out", str(out)]

    assert replay.main([*files, "--version", "fixtures/innate"]) == 2

    assert "head.csv: rows = '0'; must hold at least one visit" in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.parametrize("policy", ["static", "mfu", "engine"])
def test_nothing_is_learned_from_a_file_without_visits(tmp_path, capsys, policy):
    head, test = write(tmp_path / "head.csv", []), write(tmp_path / "test.csv", TEST)
    out = tmp_path / "out.jsonl"

    files = ["--train", head, "--test", test, "--out", str(out)]
    assert replay.main([*files, "--policy", policy]) == 2

    said = capsys.readouterr().err
    assert "Correct this:\nhead.csv: rows = '0'; must hold at least one visit" in said
    assert "name files of visits to train on" in said and not out.exists()


@pytest.mark.parametrize("argument", ["--version", "--innate"])
def test_a_folder_that_is_no_version_is_refused_by_argument(tmp_path, capsys, argument):
    files = ["--test", write(tmp_path / "test.csv", TEST), "--out", str(tmp_path / "out.jsonl")]

    with pytest.raises(SystemExit) as ended:
        replay.main([*files, "--train", files[1], argument, str(tmp_path)])

    assert ended.value.code == 2
    assert f"argument {argument}: '{tmp_path}' is no version folder" in capsys.readouterr().err


def orders(lines):
    return [(x["surface"], x["user"], "".join(i["id"] for i in x["layout"])) for x in lines]


def test_lines_have_all_fields_in_time_order_and_a_layout_of_all_blocks(tmp_path, capsys):
    lines, summary = run(tmp_path, capsys, "--policy", "static")
    assert [list(line) for line in lines] == [FIELDS] * 6
    assert [(x["surface"], x["user"], x["at"], x["visit"]) for x in lines] == [
        ("s", "1", "2024-03-01", 0),
        ("s", "2", "2024-03-01", 0),
        ("new", "1", "2024-03-02", 0),
        ("s", "1", "2024-03-02", 1),
        ("s", "1", "2024-03-02T10:00:00Z", 2),
        ("new", "1", "2024-03-05", 1),
    ]
    assert lines[0]["default"] == ["c", "b", "a", "d"]
    assert lines[2]["default"] == ["y", "z"]
    assert lines[0]["layout"] == [
        {"id": b, "x": 0, "y": y, "w": 12, "h": 1} for y, b in enumerate("cbad")
    ]
    assert summary["visits"] == 6


def test_mfu_learns_from_strictly_earlier_visits_only(tmp_path, capsys):
    same_day = [("s", "1", "2024-03-01", "a"), ("s", "1", "2024-03-01T00:00:00Z", "d")]
    lines, _ = run(tmp_path, capsys, "--policy", "mfu")
    assert [o for _, _, o in orders(lines)] == ["cbad", "cbad", "yz", "acbd", "adcb", "zy"]
    merged, _ = run(tmp_path, capsys, "--policy", "mfu", test=same_day)
    assert len(merged) == 1


def test_random_is_seeded_and_knows_its_propensity(tmp_path, capsys):
    one, _ = run(tmp_path, capsys, "--policy", "random", "--seed", "3")
    two, _ = run(tmp_path, capsys, "--policy", "random", "--seed", "3")
    assert orders(one) == orders(two)
    assert one[0]["propensity"] == 1 / 24


def test_gain_is_that_of_brute_force(tmp_path, capsys):
    lines, summary = run(tmp_path, capsys, "--policy", "mfu")
    used = dict(zip(range(6), ["a", "d", "z", "d", "a", "y"], strict=True))
    s_rows = [i for i, line in enumerate(lines) if line["surface"] == "s"]
    static = [lines[i]["default"].index(used[i]) for i in s_rows]
    shown = [[x["id"] for x in lines[i]["layout"]].index(used[i]) for i in s_rows]
    wanted = (sum(static) - sum(shown)) / sum(static)
    assert summary["captured_gain"]["s"]["all"] == round(wanted, 4)


def test_the_future_changes_no_line(tmp_path, capsys, version_folder):
    """Truncating the file at a day leaves all lines before it unchanged, coded ones included."""
    rows = [("sim", f"u{u}", str(date(2024, 3, 1 + d)), KINDS[(u + d) % 5])
            for u in range(4) for d in range(8)]  # fmt: skip
    more = ("--policy", "eager", "--version", str(version_folder))
    whole, _ = run(tmp_path, capsys, *more, train=None, test=rows)
    early = [row for row in rows if row[2] <= "2024-03-04"]
    cut, _ = run(tmp_path, capsys, *more, train=None, test=early)
    for line in (*whole, *cut):
        line.pop("decide_ms")
        line["distortion"] = round(line["distortion"], 4)
    assert whole[: len(cut)] == cut


@pytest.mark.parametrize("policy", ["engine", "eager", "tokens"])
def test_coded_policies_count_their_bits(tmp_path, capsys, version_folder, policy):
    rows = [("sim", "u", str(date(2024, 3, 1 + d)), KINDS[d % 3]) for d in range(6)]
    more = ("--policy", policy, "--version", str(version_folder), "--bits", "16")
    lines, _ = run(tmp_path, capsys, *more, train=None, test=rows)
    assert len(lines[0]["tokens"]) == 1
    assert all(1 <= len(line["tokens"]) <= 2 for line in lines)
    assert {line["side_bits"] for line in lines} == {0 if policy == "tokens" else 4 * len(KINDS)}
    assert all(line["distortion"] >= 0 for line in lines)


def gains(version, frame, name):
    visits = visits_of(frame)
    surfaces = replay.tested_surfaces(frame, None, version.default_orders)
    defaults = static_orders(surfaces, version.default_orders)
    decide = policy(name, version, defaults, 64, 0)
    lines = list(replayed(visits, surfaces, defaults, decide))
    return captured_gain(lines, visits)


def test_simulated_people_get_more_from_tokens_than_from_simple_rules(version_folder, cohort):
    version = load_version(version_folder)
    found = {p: gains(version, cohort[1], p)["sim"] for p in ("eager", "tokens", "mfu", "frecency")}
    for rule in ("mfu", "frecency"):
        assert found["eager"]["all"] > found[rule]["all"]
        assert found["tokens"]["all"] > found[rule]["all"]


def test_smoke_trains_on_visits_and_layouts_and_ends(tmp_path, capsys, cohort):
    item = {"kind": "chart", "x": 0, "y": 0, "w": 12, "h": 4}
    made = [{"id": str(i), "source": "made", "columns": 12, "items": [item]} for i in range(4)]
    (tmp_path / "made.jsonl").write_text("".join(json.dumps(layout) + "\n" for layout in made))
    columns = ["surface", "user", "at", "block"]
    rows = list(cohort[1][columns].itertuples(index=False, name=None))
    lines, summary = run(
        tmp_path, capsys, "--smoke", "--policy", "tokens", "--save", str(tmp_path / "kept"),
        "--layouts", str(tmp_path / "made.jsonl"),
        train=rows, test=rows,
    )  # fmt: skip
    kept = load_version(tmp_path / "kept")
    assert summary["version"] == kept.id
    assert list(kept.layouts.kinds) == ["chart"]
    assert len(kept.layouts.boxes(["chart", "chart"], 12)) == 2
    assert len(lines) == summary["visits"]


def test_problems_are_told_in_one_line_each(tmp_path, capsys):
    bad = [("s", "u", "soon", "a")]
    out = str(tmp_path / "o.jsonl")
    arguments = [
        "--train",
        write(tmp_path / "b.csv", bad),
        "--test",
        write(tmp_path / "t.csv", TEST),
    ]
    assert replay.main([*arguments, "--out", out, "--policy", "static"]) == 2
    assert "at = 'soon'" in capsys.readouterr().err


@pytest.mark.skipif(not REAL.is_file(), reason="the real visits are not part of the repository")
@pytest.mark.timeout(900)
def test_held_back_students_get_more_than_from_simple_rules(tmp_path):
    from dataclasses import replace as changed

    from ml.learning.settings import Settings
    from ml.training.train import train_version

    frame, _ = read_visits([REAL])
    held = frame["user"].str[-7].isin(["0", "1"])
    settings = changed(Settings(), warm_epochs=3, code_epochs=4)
    train_version(frame[~held], tmp_path / "v", settings=settings)
    version = load_version(tmp_path / "v")
    found = {p: gains(version, frame[held], p) for p in ("eager", "mfu", "frecency")}
    for surface in ("AAA", "BBB"):
        for rule in ("mfu", "frecency"):
            for part in ("all", "first_three"):
                assert found["eager"][surface][part] > found[rule][surface][part]


def test_checked_rows_are_what_a_replay_reads():
    rows = pd.DataFrame(TEST, columns=["surface", "user", "at", "block"]).assign(uses=1)
    good, problems = check_visits(rows, "t")
    assert not problems
    assert len(visits_of(good)) == 6


def test_a_page_that_allows_it_suggests_a_block_once_after_long_disuse():
    """`a` is used once, then `b` every other day for sixty days: once in sixty days, of `a`."""
    whole = page("s", ["a", "b", "c"])
    open_page = replace(whole, guardrails=replace(whole.guardrails, put_away=True))
    start = date(2024, 1, 1)
    rows = [("s", "1", str(start), "a")]
    rows += [("s", "1", str(start + timedelta(days=n)), "b") for n in range(1, 60, 2)]
    frame = pd.DataFrame(rows, columns=["surface", "user", "at", "block"]).assign(uses=1)
    visits = visits_of(check_visits(frame, "visits")[0])
    orders = {"s": ["a", "b", "c"]}
    decide = policy("engine", load_version(INNATE), orders, 64, 0)

    lines = list(replayed(visits, {"s": open_page}, orders, decide))

    made = [(n, line["suggested"]) for n, line in enumerate(lines) if "suggested" in line]
    assert made == [(21, "a")], "after 20 visits without it, of 28 days and more"
    assert not any("suggested" in line for line in replayed(visits, {"s": whole}, orders, decide))
