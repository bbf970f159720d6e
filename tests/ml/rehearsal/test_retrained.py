"""A replay with retrains: what each learns from, starts from and moves; gains by hand."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from ml import replay
from ml.data.histories import Histories, RecordedVisit, page, visits_of
from ml.evaluation.held_back import is_held_back
from ml.evaluation.replay import replay as replayed
from ml.evaluation.replay import static_orders
from ml.evaluation.served import chosen_users, popularity_before, requests_now
from ml.rehearsal import retrained
from ml.rehearsal.gain_change import gain_change
from ml.rehearsal.retrained import Retrains
from ml.training.start import TooLittleDataError
from tests.ml.conftest import KINDS, simulated_visits
from uiengine.model.version_folder import load_version

INNATE = Path("fixtures/innate")
PAGE = page("sim", KINDS)


@pytest.fixture(scope="module")
def visits() -> pd.DataFrame:
    return simulated_visits(12, 8, 4)


def as_trained(into: Path, name: str) -> Path:
    """The innate networks under another manifest, as if trained for the page."""
    shutil.copytree(INNATE, into)
    manifest = json.loads((into / "manifest.json").read_text())
    (into / "manifest.json").write_text(json.dumps({**manifest, "id": name, "surfaces": ["sim"]}))
    return into


def retrains_from(folder: Path, tmp_path: Path) -> Retrains:
    pages = {"sim": PAGE}
    return Retrains(folder, pages, static_orders(pages, {}), tmp_path)


@pytest.fixture
def retrains(tmp_path) -> Retrains:
    return retrains_from(as_trained(tmp_path / "first", "made00000000"), tmp_path)


@pytest.fixture
def asked(monkeypatch) -> list[dict]:
    """Trainings that were asked for; each gives the innate networks again."""
    found: list[dict] = []

    def made(rows, out, **given):
        found.append({"rows": rows, **given})
        as_trained(out, f"made{len(found):08d}")

    monkeypatch.setattr(retrained, "train_version", made)
    return found


def without_time(lines):
    return [{k: v for k, v in line.items() if k != "decide_ms"} for line in lines]


def test_each_retrain_learns_from_what_passed_by_then_and_goes_on_from_the_last(
    retrains, asked, visits
):
    first = int(visits["day"].min())

    lines = list(retrains.replay(visits, 7))

    boundaries = range(first + 7, int(visits["day"].max()) + 1, 7)
    assert len(asked) == len(retrains.made) == len(boundaries) > 1
    for training, day in zip(asked, boundaries, strict=True):
        before = visits[visits["day"] < day]
        held = [is_held_back("sim", user) for user in before["user"]]
        assert training["rows"].equals(before[[not one for one in held]])
    assert all(training["innate"] is None for training in asked)
    assert [load_version(t["champion"]).id for t in asked] == [
        f"made{number:08d}" for number in range(len(asked))
    ]
    assert retrains._champions["sim"].version.id == f"made{len(asked):08d}"
    # All versions are the same networks, so nobody's page differs from one that stays.
    stays = replayed(visits_of(visits), {"sim": PAGE}, retrains.defaults, retrains.decide)
    assert without_time(lines) == without_time(stays)
    for line in retrains.made:
        assert (line["moved"], line["people_moved"], line["first_token_kept"]) == (0.0, 0.0, 1.0)
        assert line["people"] == 12 and line["surface"] == "sim"


def test_what_was_trained_on_before_is_learned_from_again(retrains, asked, visits):
    first = int(visits["day"].min())
    retrains.earlier, later = visits[visits["day"] < first + 7], visits[visits["day"] >= first + 7]

    for _ in retrains.replay(later, 7):
        pass

    day = int(later["day"].min()) + 7
    wanted = visits[visits["day"] < day]
    assert len(asked[0]["rows"]) == sum(not is_held_back("sim", user) for user in wanted["user"])
    assert set(asked[0]["rows"]["day"]) == set(wanted["day"])


def test_the_first_retrain_of_a_page_starts_from_what_was_not_trained_for_it(
    tmp_path, asked, visits
):
    for _ in retrains_from(INNATE, tmp_path).replay(visits, 7):
        pass

    assert (asked[0]["innate"], asked[0]["champion"]) == (INNATE, None)
    assert asked[1]["innate"] is None
    assert load_version(asked[1]["champion"]).id == "made00000001"


def test_a_page_with_too_few_visits_keeps_its_version_and_says_so(retrains, monkeypatch, visits):
    def refused(*args, **given):
        raise TooLittleDataError("visits: 3 usable visits")

    monkeypatch.setattr(retrained, "train_version", refused)

    lines = list(retrains.replay(visits, 20))

    assert len(lines) == len(visits_of(visits))
    assert [line["refused"] for line in retrains.made] == ["visits: 3 usable visits"]
    assert retrains._champions["sim"].folder == retrains.folder


def test_the_command_retrains_and_compares_with_the_version_that_stays(tmp_path, capsys, visits):
    test, out = tmp_path / "test.csv", tmp_path / "o.jsonl"
    visits[["surface", "user", "at", "block", "uses"]].to_csv(test, index=False)
    files = ["--version", str(INNATE), "--test", str(test), "--out", str(out)]

    assert replay.main([*files, "--retrain-every", "14", "--smoke"]) == 0

    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert len(out.read_text().splitlines()) == said["visits"]
    [made] = said["retrains"]
    assert made["people"] > 0 and made["moved"] >= 0
    change, both = (
        said["gain_change"]["sim"],
        (said["captured_gain"], said["frozen"]["captured_gain"]),
    )
    assert change["estimate"] == pytest.approx(
        both[0]["sim"]["all"] - both[1]["sim"]["all"], abs=2e-4
    )
    assert change["low"] <= change["estimate"] <= change["high"]


def test_more_days_than_the_file_has_are_refused_as_nothing_would_be_made_anew(tmp_path, capsys):
    rows = ["surface,user,at,block,uses"]
    rows += [f"home,ada,2026-01-{day:02d},news,1" for day in range(1, 9)]
    (tmp_path / "visits.csv").write_text("\n".join(rows))
    files = ["--version", "fixtures/innate", "--test", str(tmp_path / "visits.csv")]

    assert replay.main([*files, "--out", str(tmp_path / "o"), "--retrain-every", "8"]) == 2

    said = capsys.readouterr().err
    assert "--retrain-every: days = '8'; visits.csv has visits of 8 day(s): name fewer" in said
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--retrain-every", "0"], "0 is no number of days: name 1 to 366"),
        (["--retrain-every", "7", "--policy", "mfu"], "a policy of one version: engine, eager"),
        (["--retrain-every", "7", "--workers", "2"], "--retrain-every needs one process"),
    ],
)
def test_days_and_policies_that_cannot_be_are_refused(capsys, more, told):
    files = ["--version", str(INNATE), "--test", "t.csv", "--out", "o.jsonl"]
    with pytest.raises(SystemExit):
        replay.main([*files, *more])
    assert told in capsys.readouterr().err


def visit(user: str, *blocks: str) -> RecordedVisit:
    return RecordedVisit("s", user, "2026-01-01", 0, 0, blocks, 0)


def line(order: str) -> dict:
    return {"layout": [{"id": block} for block in order], "default": list("abcd")}


def test_a_change_of_gain_is_ranks_saved_over_ranks_that_could_be():
    """By hand: u uses d: 3 ranks to save, 3 saved; v uses a and c: ½ to save, ½ lost."""
    visits = [visit("u", "d"), visit("v", "a", "c")]

    found = gain_change([line("dabc"), line("bacd")], [line("abcd"), line("abcd")], visits)

    assert found["s"]["estimate"] == pytest.approx((3 - 0.5) / 3.5, abs=1e-4)
    assert (found["s"]["low"], found["s"]["high"]) == (-1.0, 1.0)  # v alone, u alone
    assert gain_change([line("abcd")], [line("abcd")], [visit("u", "a")]) == {}


def test_pages_of_now_are_everybodys_without_a_draw(visits):
    past, rows = Histories(), visits_of(visits)
    for one in rows:
        past.observe(one)
    settings = replace(PAGE.guardrails, exploration=0.1)
    drawn = replace(PAGE, guardrails=settings)
    day = int(visits["day"].max()) + 1
    known = popularity_before(rows, "sim", day)
    assert known == past.popularity("sim", day)

    found = requests_now(past.profiles, known, drawn, day, 5)

    assert list(found) == chosen_users(visits["user"].unique(), 5) and len(found) == 5
    assert list(found) == list(requests_now(past.profiles, known, drawn, day, 9))[:5]
    for user, request in found.items():
        assert request.profile is past.profiles["sim", user] and request.day == day
        assert request.popularity is known and request.surface.guardrails.exploration == 0
