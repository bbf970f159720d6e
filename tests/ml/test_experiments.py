"""Experiments judge as `ml.replay` does, keep users apart, and publish the stored figures."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ml.evaluation.policies import policy
from ml.evaluation.replay import captured_gain, replay
from ml.experiments import judging, keep, lockin, report, retrains
from ml.experiments.__main__ import _command, _options, main
from ml.experiments.ablations import code_usage, kl_facts
from ml.experiments.bandits import disjoint_linear, vowpal_wabbit
from ml.experiments.curves import Trained, curves
from ml.experiments.decoding import latents, through_tokens
from ml.experiments.lab import Lab
from ml.experiments.lockin_learners import Engine, Rates
from ml.experiments.lockin_world import World
from ml.experiments.peers import (
    boosting,
    frecency,
    most_used,
    nearest,
    popularity_order,
    split_menu,
)
from ml.experiments.quantisers import CODEBOOKS, FiniteScalar
from ml.experiments.split import Split, is_held_back, prepare, split_frame
from ml.learning.loop import Fitted, fit
from ml.learning.settings import Settings
from ml.training.train import train_version
from tests.ml.data.test_formats import store_folder

QUICK = replace(Settings(), warm_epochs=1, code_epochs=1, codes=16, stages=2, batch=256)


@pytest.fixture(scope="module")
def split(cohort) -> Split:
    return prepare(*cohort)


@pytest.fixture(scope="module")
def trained(version_folder) -> Trained:
    return Trained.of(version_folder)


def gain(split: Split, scores: np.ndarray) -> float:
    (line,) = judging.gains(judging.ranks_of(scores, split.test), split.test)
    return line["captured"]


def test_a_users_side_follows_from_the_name_alone(cohort):
    train, test = split_frame(cohort[0])
    assert not set(train.user) & set(test.user)
    assert len(train) + len(test) == len(cohort[0])
    names = [f"u{i}" for i in range(4000)]
    assert is_held_back(names) == is_held_back(names)
    assert np.mean(is_held_back(names)) == pytest.approx(0.25, abs=0.03)


@pytest.mark.parametrize("name", ["eager", "tokens", "frecency", "mfu"])
def test_scores_in_bulk_show_what_a_replay_shows(split, trained, name):
    """Compares with the orders of the policies in `ml.replay`, visit by visit."""
    side = split.test
    if name in ("eager", "tokens"):
        found = through_tokens(trained.fitted, trained.version.codebook, side.examples)
        scores = getattr(found, name)
    else:
        scores = {"frecency": frecency, "mfu": most_used}[name](split, 0)
    decide = policy(name, trained.version, split.orders, 64, 0)
    lines = list(replay(side.visits, split.surfaces, split.orders, decide))
    ranks = judging.ranks_of(scores, side)
    mine = list(judging.replay_lines(ranks, side, split.surfaces, split.orders))
    same = [
        [i["id"] for i in a["layout"]] == [i["id"] for i in b["layout"]]
        for a, b in zip(mine, lines, strict=True)
    ]
    assert np.mean(same) > 0.995  # float32 here, float64 there: near ties may differ
    theirs = captured_gain(lines, side.visits)["sim"]
    assert gain(split, scores) == pytest.approx(theirs["all"], abs=0.005)
    (line,) = judging.judged(ranks, side, split.surfaces, split.orders)
    assert line["captured"] == pytest.approx(theirs["all"], abs=0.005)


def test_curves_read_a_version_by_its_own_numbers_of_kinds(cohort, split, tmp_path):
    """What goes on from the innate version numbers that one's kinds first, not the page's alone."""
    settings = replace(Settings(), warm_epochs=0, code_epochs=2, batch=64, rate=3e-3)
    train_version(cohort[0], tmp_path / "v", innate=Path("fixtures/innate"), settings=settings)
    trained = Trained.of(tmp_path / "v")
    assert dict(trained.fitted.kinds) != dict(split.kinds)
    lines = curves(split, trained, lambda share, text: None)
    line = next(x for x in lines if x["kind"] == "policy" and x["policy"] == "eager")

    decide = policy("eager", trained.version, split.orders, 64, 0)
    replayed = list(replay(split.test.visits, split.surfaces, split.orders, decide))
    theirs = captured_gain(replayed, split.test.visits)["sim"]["all"]
    assert line["captured"] == pytest.approx(theirs, abs=0.005)


def test_the_static_order_gains_nothing_and_few_shot_bins_hold_every_visit(split):
    assert gain(split, popularity_order(split, 0)) == 0
    bins = list(judging.few_shot(split.test.static, split.test))
    assert sum(line["visits"] for line in bins) == len(split.test.visits)


def test_a_split_menu_lifts_the_blocks_used_last_and_leaves_the_rest(split):
    side = split.test
    ranks = judging.ranks_of(split_menu(split, 0), side)
    walks: dict[str, list[tuple[str, ...]]] = {}
    names = list(split.surfaces["sim"].index)
    for row, visit in enumerate(side.visits[:300]):
        before = walks.setdefault(visit.user, [])
        shown = [names[i] for i in ranks[row].argsort()]
        recent = list(dict.fromkeys(b for used in reversed(before) for b in sorted(used)))
        rest = [b for b in split.orders["sim"] if b not in shown[:3]]
        if before:
            assert set(before[-1]) <= set(shown[:3]) or len(before[-1]) > 3
            assert len(set(shown[: min(3, len(recent))]) - set(recent)) == 0
        if len(recent) >= 3:
            assert shown[3:] == rest
        before.append(visit.blocks)


@pytest.mark.parametrize("peer", [vowpal_wabbit, disjoint_linear, nearest, boosting])
def test_learning_peers_beat_the_static_order(split, peer):
    assert gain(split, peer(split, 0)) > 0.1


@pytest.mark.parametrize("name", list(CODEBOOKS))
def test_other_codebooks_train_in_place_of_ours_and_code_with_few_values(split, name):
    quantiser = CODEBOOKS[name](QUICK)
    fitted = fit(split.train.examples, split.kinds, QUICK, seed=0, quantiser=quantiser)
    latent = torch.from_numpy(latents(fitted, split.test.examples))
    stages = torch.full((len(latent),), QUICK.stages)
    with torch.no_grad():
        coded = fitted.quantiser(latent, stages, torch.Generator())
    distinct = len(torch.unique(coded.round(decimals=4), dim=0))
    if isinstance(quantiser, FiniteScalar):
        values = [len(torch.unique(column.round(decimals=4))) for column in coded.T]
        assert max(values) <= 4
    else:
        assert distinct <= QUICK.codes**QUICK.stages
    assert distinct > 1
    assert float((latent - coded).square().mean()) < float(latent.square().mean())


def test_code_usage_counts_what_a_loop_counts(split, trained):
    fitted, book = trained.fitted, trained.version.codebook
    rows = list(code_usage(fitted, book, split.test))
    latent = latents(fitted, split.test.examples)
    used: list[set[int]] = [set() for _ in rows]
    for vector in latent:
        rest = vector.copy()
        for stage, slots in enumerate(book.codes_in_use):
            error = np.square(rest - book.codes[stage, :slots]).sum(1)
            used[stage].add(int(error.argmin()))
            rest = rest - book.codes[stage, error.argmin()]
    for row, mine in zip(rows, used, strict=True):
        assert abs(row["used_slots"] - len(mine)) <= 1  # near ties between two codes
        assert 1 <= row["perplexity"] <= row["slots"]
        assert row["spent_slots"] <= row["slots"]


def test_the_kl_band_is_counted_once_beta_has_risen():
    shares = [0.5, 0.4, 0.3, 0.05, 0.1, 0.15, 0.2, 0.25, 0.15, 0.15]
    fitted = Fitted(None, None, {}, Settings(), kl_shares=shares)  # type: ignore[arg-type]
    facts = {"kl_shares": shares, "kl_share": 0.15, "kl_within_band": round(5 / 7, 3)}
    assert kl_facts(fitted) == facts


def test_simulated_people_use_only_what_they_need_and_look_at():
    """Over many days, uses at a rank are its needs times 0.85^rank."""
    world = World(people=400, blocks=6, visits=5, retrains=1, regular=2, rare=1)
    walk = lockin.Walk(world, Rates(world))
    figures = walk.round()
    _, used = (np.concatenate(part) for part in zip(*walk.rows, strict=True))
    met = np.zeros(6)
    for visit in walk.visits:
        for block in visit.blocks:
            met[list(walk.surface.index).index(block)] += 1
    expected = walk.need.sum(0) * world.visits * 0.85 ** np.arange(6)
    assert used.sum() == met.sum()
    assert met == pytest.approx(expected, rel=0.15)
    assert 0 < figures["rare_found"] < 1


def test_retrained_on_its_own_traffic_the_engine_does_not_lock_in():
    """Runs two retrains of 24 simulated people with known needs; the full run has twelve."""
    world = World(people=24, blocks=8, visits=6, retrains=2, regular=2, rare=1)
    walk = lockin.Walk(world, Engine(world.surface, Path("fixtures/innate")))
    rounds = [walk.round()]
    for _ in range(world.retrains):
        walk.learn()
        rounds.append(walk.round())
    assert rounds[1]["captured"] > rounds[0]["captured"] + 0.1
    assert rounds[2]["captured"] > rounds[1]["captured"] - 0.1
    # A round has only about eleven rare needs, so take the mean; the bottom rank has 0.85^7 = 0.32.
    assert np.mean([r["rare_found"] for r in rounds]) > 0.33


def test_a_smoke_run_writes_the_page_and_ends_with_one_json_line(tmp_path, capsys):
    only = ["--only", "ablations", "unseen", "codebooks"]
    assert main(["--smoke", "--out", str(tmp_path), *only]) == 0
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    page = Path(said["report"]).read_text()
    assert "default, another seed" in page and "FSQ" in page and "simulated" in page
    lines = report.read(tmp_path, ["ablations", "unseen", "codebooks"])
    assert len(lines) == said["lines"] > 0
    assert {"experiment", "commit", "command"} <= set(lines[0])


def test_another_format_is_read_and_named_in_the_command_that_reproduces_it(tmp_path):
    options = _options(["--format", "completejourney", "--visits", str(store_folder(tmp_path))])

    assert Lab(options).visits["block"].tolist() == ["drug-gm"]
    assert _command("peers", options).endswith("--only peers --format completejourney")


def test_a_retrain_from_the_champion_keeps_tokens_and_the_champion_itself_moves_nobody(
    tmp_path, capsys
):
    """In miniature; other starts are trained likewise."""
    parts = ["--parts", retrains.FROZEN, retrains.ALIGNED]
    assert main(["--smoke", "--out", str(tmp_path), "--only", "retrains", *parts]) == 0
    lines = {line["part"]: line for line in report.read(tmp_path, ["retrains"])}
    stays, aligned = lines[retrains.FROZEN], lines[retrains.ALIGNED]
    assert (stays["moved"], stays["first_token_kept"], stays["seconds"]) == (0.0, 1.0, None)
    assert aligned["first_token_kept"] > 0.5 and aligned["seconds"] > 0
    assert aligned["people"] == stays["people"] > 0 and aligned["visits"] == stays["visits"] > 0
    page = Path(json.loads(capsys.readouterr().out.splitlines()[-1])["report"]).read_text()
    assert "A retrain from four starts" in page


def test_layouts_are_left_out_aloud_where_there_are_none(tmp_path, capsys):
    assert main(["--smoke", "--out", str(tmp_path), "--only", "layouts", "--layouts", "none"]) == 0
    said = capsys.readouterr()
    assert "left out: layouts" in said.err
    assert json.loads(said.out.splitlines()[-1])["lines"] == 0


def test_the_page_shows_bits_of_layouts_beside_those_of_users():
    about = {"experiment": "layouts", "commit": "c", "command": "python -m ml.experiments"}
    lines = [
        {
            **about,
            "part": "a",
            "bits": bits,
            "layouts": 9,
            "matched_iou": iou,
            "without_search": iou / 2,
        }
        for bits, iou in ((0, 0.3), (8, 0.5), (64, 0.75))
    ]
    page = report.as_html(lines)
    assert "<td>a (9)</td><td>64</td><td>0.750</td><td>0.375</td>" in page
    assert page.count("<svg") == 1 and "matched iou" in page


def test_missing_visits_are_named_with_the_next_step(capsys):
    with pytest.raises(SystemExit):
        main(["--visits", "nowhere.parquet"])
    assert "nowhere.parquet is not there" in capsys.readouterr().err


def test_the_readmes_tables_are_the_lines_that_are_kept():
    """`ml/README.md` between its marks is generated from `ml/EXPERIMENTS.jsonl`."""
    lines = [json.loads(line) for line in keep.LINES.read_text("utf-8").splitlines()]
    section = keep.README.read_text("utf-8").split(keep.BEGIN)[1].split(keep.END)[0]
    assert section == report.markdown(lines, report.IN_README)
    assert not any("/" in line["command"] for line in lines)
