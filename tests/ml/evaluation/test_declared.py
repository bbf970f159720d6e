"""Figures on declared pages equal counts by hand; sentences that the visits belie are found."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ml import judge, replay, simulate
from ml.data.surface_files import read_surfaces
from ml.evaluation.declared import judge_declared, whole
from ml.evaluation.sentences import SentenceChecks
from ml.experiments import declared
from ml.experiments.declared import compared, table
from tests.uiengine.guardrails.facts import page

PAGES = sorted(Path("fixtures/surfaces").glob("*.json"))
SURFACE = page(
    {"id": "top", "group": "one", "pinned": {"wide": [0, 0]}},
    *({"id": name, "group": "one"} for name in "ab"),
    *({"id": name, "group": "two"} for name in "xyz"),
    groups=["one", "two"],
)


def row(number: int, order: str, saves: float = 0.0, reasons=(), user: str = "u") -> dict:
    ids = ["top", *order]
    layout = [{"id": block, "x": 0, "y": y, "w": 12, "h": 1} for y, block in enumerate(ids)]
    return {
        "surface": SURFACE.slug,
        "user": user,
        "at": f"2026-01-0{1 + number}",
        "visit": number,
        "layout": layout,
        "saves_seconds": saves,
        "reasons": list(reasons),
    }


def judged(*shown: tuple) -> dict:
    """Each visit: order, used blocks, and more of its row."""
    rows = [row(n, order, *more) for n, (order, _, *more) in enumerate(shown)]
    used = {(r["surface"], "u", r["at"]): list(s[1]) for r, s in zip(rows, shown, strict=True)}
    (found,) = judge_declared(rows, used, {SURFACE.slug: SURFACE})
    return found


def test_captured_gain_counts_places_within_groups():
    """Declared: a 0, b 1; x 0, y 1, z 2. S = (2 + 2 + 1.5) / 3, P = (2 + 0 + 0.5) / 3, C = 0."""
    found = judged(("abxyz", "z"), ("abzxy", "z"), ("abzxy", "bz"))

    assert found["captured_in_group"] == pytest.approx((5.5 - 2.5) / 5.5)
    assert found["place_in_group"] == pytest.approx(2.5 / 3)


def test_a_favourite_counts_by_what_was_known_before_its_page_was_shown():
    late = judged(("abxyz", "z"), ("abxyz", "z"), ("abxyz", "z"))
    behind = judged(*[("abxyz", "z")] * 4)
    first = judged(*[("abxyz", "z")] * 3, ("abzxy", "z"))

    assert (late["favourites"], behind["favourites"], first["favourites"]) == (0, 1, 1)
    assert (behind["favourite_first"], first["favourite_first"]) == (0.0, 1.0)
    assert (behind["one_block_best"], first["one_block_best"]) == (0.0, 1.0)


def test_a_stranger_ahead_is_the_engines_doing_unless_the_page_is_declared_so():
    assert judged(("abxyz", "z"), ("abxyz", "z"))["stranger_ahead_made"] == 0
    found = judged(("abxyz", "x"), ("abyxz", "x"), ("abyxz", "x"))
    assert (found["stranger_ahead_made"], found["stranger_ahead_waiting"]) == (1, 1)


def test_moves_under_the_least_gain_are_told_from_those_that_a_rule_demands():
    """Two blocks move, for which 0.044 s are the least."""
    enough = judged(("abxyz", "b"), ("abyxz", "b", 0.044))
    too_little = judged(("abxyz", "x"), ("abxzy", "x", 0.043))
    by_rule = judged(("abxyz", "y"), ("abyxz", "y", -0.1))

    assert [f["under_least_gain"] for f in (enough, too_little, by_rule)] == [0, 1, 0]
    assert [f["under_least_gain_by_rule"] for f in (enough, too_little, by_rule)] == [0, 0, 1]


def test_pixels_are_counted_to_the_top_and_scrolling_to_see_a_block_whole():
    at, height = SURFACE.widest, SURFACE.row_height
    found = judged(("abxyz", "z"))

    assert found["pixels"] == 5 * height
    assert found["scrolling"] == max(0, 6 * height - at.viewport_height)


def test_sums_of_pages_add_up():
    one, other = judged(("abxyz", "z")), judged(("abxyz", "x"), ("abxyz", "y"))
    both = whole([one, other])

    assert (both["visits"], both["people"]) == (3, 2)
    assert both["place_in_group"] == pytest.approx((2 + 0 + 1) / 3)


OTHERS = {("s", f"p{i}", "2026-01-01"): ["x"] for i in range(12)}
MINE = {("s", "u", f"2026-01-0{day}"): blocks for day, blocks in ((2, ["x"]), (3, ["x", "y"]))}


@pytest.mark.parametrize(
    ("is_true", "code", "block", "values"),
    [
        (True, "most_visits", "x", {"uses": 2, "visits": 2}),
        (False, "most_visits", "x", {"uses": 2, "visits": 3}),
        (False, "most_visits", "y", {"uses": 1, "visits": 2}),
        (True, "last_visit", "y", {}),
        (False, "last_visit", "z", {}),
        (False, "used", "z", {}),
        (True, "guess", "z", {}),
        (False, "guess", "x", {}),
        (False, "popular", "z", {"percent": 30, "people": 12}),
        (True, "popular", "z", {"percent": 0, "people": 12}),
        (False, "popular", "z", {"percent": 0, "people": 13}),
        (False, "popular", "z", {"percent": 0, "people": 9}),
        (False, "first_visit", "z", {"percent": 0, "people": 12}),
        (False, "pinned", "z", {}),
        (True, "kept", "z", {}),
    ],
)
def test_a_sentence_is_checked_against_the_visits(is_true, code, block, values):
    checks = SentenceChecks({**OTHERS, **MINE, ("s", "u", "2026-01-04"): ["z"]}, {"s": 3})
    found = None
    for day, reasons in ((2, []), (3, []), (4, [{"code": code, "block": block, "values": values}])):
        line = {"surface": "s", "user": "u", "at": f"2026-01-0{day}", "reasons": reasons}
        found = checks.of(line, "xyz", "xyz")

    assert (found["sentences"], found["sentences_false"]) == (1, int(not is_true))


def test_what_stays_must_have_stayed():
    checks = SentenceChecks(MINE, {"s": 3})
    kept = [{"code": "kept", "block": "x", "values": {}}]
    line = {"surface": "s", "user": "u", "at": "2026-01-02", "reasons": kept}

    assert checks.of(line, "xyz", "yxz")["sentences_false"] == 1


def test_the_shipped_pages_are_as_teams_declare_them():
    surfaces = read_surfaces(PAGES)

    assert set(surfaces) == {"bank", "course-home", "health-portal", "operations", "shop-account"}
    for surface in surfaces.values():
        sizes = {s.default for block in surface.blocks for s in block.sizes.values()}
        assert len(surface.groups) >= 2 and len(surface.breakpoints) >= 3, surface.slug
        assert surface.pinned_ranks and len(sizes) >= 3, surface.slug


def test_the_engine_serves_simulated_people_of_every_page():
    lines = list(
        compared(read_surfaces(PAGES), 10, 10, version=Path("fixtures/innate"), policies=["engine"])
    )
    shown = lines[-1]

    assert [line["surface"] for line in lines] == [*sorted(read_surfaces(PAGES)), "all"]
    assert shown["one_block_best"] == 1.0 and shown["favourite_first"] >= 0.9
    assert shown["captured_in_group"] > 0.5
    assert (shown["stranger_ahead_made"], shown["under_least_gain"]) == (0, 0)
    assert shown["sentences"] > 1000 and shown["sentences_false"] == 0
    assert table(lines).count("\n") == 2


def test_the_comparison_prints_a_line_for_each_page_and_policy_and_a_table(capsys):
    asked = ["--surface", "fixtures/surfaces/operations.json", "--people", "6", "--visits", "5"]
    assert declared.main([*asked, "--policy", "static", "boosting", "mfu"]) == 0

    lines = capsys.readouterr().out.splitlines()
    found = [json.loads(line) for line in lines if line.startswith("{")]
    shown = [(f["policy"], f["surface"], f["visits"]) for f in found]
    names = ("static", "boosting", "mfu")
    assert shown == [(p, s, 30) for p in names for s in ("operations", "all")]
    assert [f["captured_in_group"] for f in found[:2]] == [0, 0] and all(
        f["simulated"] for f in found
    )
    assert found[-1]["captured_in_group"] > 0 and found[-1]["stranger_ahead_made"] == 0
    assert [line.split(" | ")[0] for line in lines[-3:]] == ["| static", "| boosting", "| mfu"]


def test_the_commands_replay_and_judge_people_of_a_declared_page(tmp_path, capsys):
    pages = ["--surface", "fixtures/surfaces/bank.json"]
    assert simulate.main([*pages, "--people", "5", "--visits", "4", "--out", str(tmp_path)]) == 0
    visits, out = str(tmp_path / "visits.csv"), str(tmp_path / "out.jsonl")
    bank = read_surfaces([Path(pages[1])])["bank"]
    groups = [block.group for block in bank.blocks]
    for policy in ("random", "frecency", "engine"):
        made = ["--test", visits, "--version", "fixtures/innate", "--policy", policy, "--out", out]
        assert replay.main([*made, *pages]) == 0
        lines = [json.loads(line) for line in Path(out).read_text().splitlines()]
        for line in lines:
            shown = [bank.block(item["id"]) for item in line["layout"]]
            assert [block.group for block in shown] == groups and shown[0].id == "accounts"
    capsys.readouterr()
    assert judge.main(["--replay", out, "--visits", visits, *pages]) == 0
    (found,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert found["visits"] == 20 and found["one_block_people"] == 1 and "seconds" in found


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("bank,u,2026-01-01,loan,1", "block = 'loan'; is no block of bank"),
        ("shop,u,2026-01-01,cards,1", "surface = 'shop'; is declared by no --surface file"),
    ],
)
def test_visits_off_the_declared_page_are_refused(tmp_path, capsys, row, says):
    visits = tmp_path / "visits.csv"
    visits.write_text(f"surface,user,at,block,uses\nbank,u,2026-01-01,cards,1\n{row}\n")
    made = ["--test", str(visits), "--version", "fixtures/innate", "--out", str(tmp_path / "o")]

    assert replay.main([*made, "--surface", "fixtures/surfaces/bank.json"]) == 2

    assert f"visits.csv, row 2: {says}" in capsys.readouterr().err
