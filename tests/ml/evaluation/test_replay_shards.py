"""People replayed in shards: the same lines and the same audit as in one walk."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml import replay as command
from ml.audit.audit import audit
from ml.data.histories import pages, popularity_by_day, visits_of
from ml.data.tables import check_visits
from ml.evaluation.replay_shards import Walk, join_shards, walk_shard
from tests.ml.data.test_histories import WALKS
from tests.ml.data.test_histories import visits_of as recorded
from uiengine.model.version_folder import load_version

INNATE = Path("fixtures/innate")
PEOPLE = 12


def frame() -> pd.DataFrame:
    """Visits to two pages of other sizes, many of them at the same instant."""
    rng = np.random.default_rng(3)
    rows = []
    for user in range(PEOPLE):
        for day in sorted(rng.choice(5, 4, replace=False)):
            at = str(date(2024, 3, 1) + timedelta(days=int(day)))
            for surface, blocks in (("s", "abcdefghi"), ("t", "uvwx")):
                if surface == "s" or rng.random() < 0.4:
                    used = rng.choice(list(blocks), 2, replace=False)
                    rows += [(surface, str(user), at, str(block), 1) for block in used]
    columns = ["surface", "user", "at", "block", "uses"]
    return check_visits(pd.DataFrame(rows, columns=columns), "visits")[0]


FRAME = frame()
VISITS = visits_of(FRAME)


def walk(policy: str) -> Walk:
    surfaces = pages([FRAME])
    defaults = {slug: sorted(page.index) for slug, page in surfaces.items()}
    known = popularity_by_day(VISITS)
    return Walk(surfaces, defaults, known, policy, INNATE, 64, 0, 16, False)


def walked(work: Path, policy: str, shard: list[int], order: list[int], visits=VISITS) -> Path:
    """The joined file. shard: of each person; order: in which the shards are walked."""
    of = {str(user): shard[user] for user in range(PEOPLE)}
    files = {number: work / f"{number}.jsonl" for number in order if number in shard}
    for number, file in files.items():
        walk_shard(walk(policy), [v for v in visits if of[v.user] == number], file)
    join_shards(visits, of, files, work / "joined")
    return work / "joined"


def bare(file: Path) -> str:
    """Without the time that decisions took."""
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    kept = [{k: v for k, v in line.items() if k != "decide_ms"} for line in lines]
    return "\n".join(map(json.dumps, kept))


def report(replay: Path, out: Path) -> bytes:
    people = pd.DataFrame({"user": [str(u) for u in range(PEOPLE)]})
    people["gender"] = ["F", "M"] * (PEOPLE // 2)
    audit(replay, FRAME, people, ["gender"], out=out, version="v")
    return (out / "report.json").read_bytes() + (out / "report.html").read_bytes()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The lines of one walk of everybody, and their audit."""
    work = tmp_path_factory.mktemp("whole")
    file = walked(work, "engine", [0] * PEOPLE, [0])
    return bare(file), report(file, work / "out")


@settings(max_examples=15, deadline=None)
@given(
    shard=st.lists(st.integers(0, 4), min_size=PEOPLE, max_size=PEOPLE),
    order=st.permutations(range(5)),
)
def test_any_split_into_shards_in_any_order_gives_the_same_replay_and_report(
    whole, tmp_path_factory, shard, order
):
    work = tmp_path_factory.mktemp("split")

    file = walked(work, "engine", shard, order)

    assert bare(file) == whole[0]
    assert report(file, work / "out") == whole[1]


def test_people_served_by_book_may_be_split_too(tmp_path):
    (first := tmp_path / "one").mkdir()
    days = sorted({v.day for v in VISITS})[:2]
    early = [v for v in VISITS if v.surface == "t" and v.day in days]
    one = walked(first, "book", [0] * PEOPLE, [0], early)

    file = walked(tmp_path, "book", [0, 1] * (PEOPLE // 2), [1, 0], early)

    assert bare(file) == bare(one)


def test_without_everybodys_popularity_a_shard_would_be_shown_something_else(tmp_path, whole):
    """The test above can fail: a shard that knows its own people alone is shown other pages."""
    mine = [v for v in VISITS if int(v.user) < 4]
    alone = Walk(**{**vars(walk("engine")), "popularity": popularity_by_day(mine)})

    walk_shard(alone, mine, tmp_path / "alone.jsonl")

    lines = [line for line in whole[0].splitlines() if int(json.loads(line)["user"]) < 4]
    assert bare(tmp_path / "alone.jsonl") != "\n".join(lines)


def test_a_shard_that_is_whole_is_not_walked_again(tmp_path):
    file = walked(tmp_path, "static", [0] * PEOPLE, [0])
    before = file.read_bytes()

    walk_shard(walk("static"), VISITS, tmp_path / "0.jsonl")
    (tmp_path / "1.part").write_text("half a li")
    walk_shard(walk("static"), VISITS, tmp_path / "1.jsonl")

    assert file.read_bytes() == before
    assert bare(tmp_path / "1.jsonl") == bare(file)


@given(WALKS)
def test_a_days_popularity_is_made_of_earlier_days(steps):
    """Against a count of each day by hand, as of the row's date, half-life 5 days."""
    visits = recorded(steps)
    for (_, day), row in popularity_by_day(visits).items():
        earlier = [v for v in visits if v.day < day and "a" in v.blocks]
        wanted = sum(2 ** (-(row.day - 1 - v.day) / 5) / len(v.blocks) for v in earlier)
        assert row.shares.get("a", (0, 0, 0))[1] == pytest.approx(wanted)


def test_the_command_writes_the_same_lines_by_two_processes(tmp_path, capsys):
    FRAME[["surface", "user", "at", "block", "uses"]].to_csv(tmp_path / "test.csv", index=False)
    given = ["--version", str(INNATE), "--test", str(tmp_path / "test.csv")]
    summaries = []
    for workers in ("1", "2"):
        out = ["--out", str(tmp_path / workers), "--workers", workers]
        assert command.main([*given, *out]) == 0
        summaries.append(json.loads(capsys.readouterr().out.splitlines()[-1]))

    assert bare(tmp_path / "1") == bare(tmp_path / "2")
    one, two = ({**s, "seconds": 0, "out": ""} for s in summaries)
    assert one == two
    assert sorted(p.name for p in tmp_path.iterdir()) == ["1", "2", "test.csv"]


def test_workers_need_a_version_folder_to_open(tmp_path, capsys):
    given = ["--train", "t.csv", "--test", "t.csv", "--out", "o", "--workers", "2"]

    with pytest.raises(SystemExit):
        command.main(given)

    assert "--workers needs --version or --save" in capsys.readouterr().err


@pytest.mark.parametrize("workers", ["0", "-1", "two", "257"])
def test_a_number_that_is_none_of_processes_is_refused(workers, capsys):
    with pytest.raises(SystemExit):
        command.main(["--test", "t.csv", "--out", "o", f"--workers={workers}"])

    said = capsys.readouterr().err
    assert f"--workers: {workers} is no number of processes: name 1 to 256" in said


def test_reading_is_the_same_whoever_is_read_beside():
    from ml.evaluation.reading import read_alike
    from uiengine.behaviour.profile import Profile
    from uiengine.request import Request

    version, of = load_version(INNATE), walk("engine")
    days = [(v, of.popularity[v.surface, v.day]) for v in VISITS[:9]]
    requests = [Request(of.surfaces[v.surface], Profile(), row, v.day, v.user) for v, row in days]

    every = read_alike(version, requests)

    for place, request in enumerate(requests):
        (one,) = read_alike(version, [request])
        assert one.tokens == every[place].tokens
        assert one.demand.tobytes() == every[place].demand.tobytes()
