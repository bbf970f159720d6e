"""An audit of stored visits by parts of the people: the report of one walk of everybody."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.audit.audit import audit
from ml.audit.person_sums import last_seen
from ml.audit.site_facts import SiteFacts
from ml.audit.stored import Walk, people_sums, stored_report
from ml.data.histories import page, popularity_by_day, visits_of
from ml.data.sums import Sums
from ml.data.sums_json import sums_dump, sums_load
from ml.data.tables import check_visits
from ml.evaluation.policies import policy
from ml.evaluation.replay import replay
from uiengine.model.version_folder import load_version

INNATE = Path("fixtures/innate")
PEOPLE, DAYS = 24, 5
PAGE = page("s", "abcdefghi")
VERSION = json.loads((INNATE / "manifest.json").read_text())["id"]
GENDERS = ["F", " f", "M", "", "n/a"]
ATTRIBUTES = [
    {"user": str(user), "surface": "s", "gender": GENDERS[user % 5], "income": str(user * 977)}
    for user in range(PEOPLE - 2)
]
LOOK = {
    **{"look": 1, "version": "before", "slices": []},
    "surfaces": [{"surface": "s", "last": "2024-03-02T00:00:00+00:00"}],
}
SITE = SiteFacts(is_chosen=False, answers={"3": (2, 1)})


def frame() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    rows = [
        ("s", str(user), f"2024-03-0{day}", str(block), 1)
        for user in range(PEOPLE)
        for day in sorted(rng.choice(DAYS, 3, replace=False) + 1)
        for block in rng.choice(list("abcdefghi"), 2, replace=False)
    ]
    columns = ["surface", "user", "at", "block", "uses"]
    return check_visits(pd.DataFrame(rows, columns=columns), "visits")[0]


FRAME = frame()
LOOKS: dict[str, list[dict]] = {"first look": [], "second look": [LOOK]}
BY = ["gender", "income"]


def read(folder: Path) -> bytes:
    return (folder / "report.json").read_bytes() + (folder / "report.html").read_bytes()


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> dict[str, Path]:
    """By look: the report of replays of everybody in one walk, with the popularity of that walk."""
    found, defaults = {}, {"s": list("abcdefghi")}
    for name, previous in LOOKS.items():
        home = tmp_path_factory.mktemp("whole")
        decide = policy("engine", load_version(INNATE), defaults, 64, 0)
        visits = visits_of(FRAME)
        known = popularity_by_day(visits)
        lines = replay(visits, {"s": PAGE}, defaults, decide, popularity=known)
        (home / "replay.jsonl").write_text("\n".join(map(json.dumps, lines)))
        given = (home / "replay.jsonl", FRAME, pd.DataFrame(ATTRIBUTES), BY)
        more = {"site": SITE, "surfaces": {"s": PAGE}, "previous": previous, "version": VERSION}
        audit(*given, champion=home / "replay.jsonl", out=home, **more)
        found[name] = home
    return found


@settings(max_examples=6, deadline=None)
@given(
    name=st.sampled_from(sorted(LOOKS)),
    group=st.lists(st.integers(0, 4), min_size=PEOPLE, max_size=PEOPLE),
    order=st.permutations(range(5)),
    cut=st.integers(0, 5),
)
def test_any_split_in_any_order_gives_the_report_of_one_walk(
    whole, tmp_path_factory, name, group, order, cut
):
    """Groups are walked in this order, those before `cut` by another worker than the rest."""
    home, everyone = tmp_path_factory.mktemp("split"), Sums()
    groups = [FRAME[FRAME["user"].map(lambda user: group[int(user)]) == n] for n in order]
    for visits in groups:
        everyone.add(sums_load(sums_dump(Sums.of(visits_of(visits)))))
    walk = Walk(
        surface=PAGE,
        versions={"subject": INNATE, "champion": INNATE},
        popularity=everyone.before_days(),
        site=SITE,
        since=last_seen(LOOKS[name]),
    )
    files = []
    for part in (groups[:cut], groups[cut:]):
        made = people_sums([g for g in part if len(g)], walk, home / "work")
        if len(made):  # a worker whose shards have nobody leaves no file
            files.append(home / f"people{len(files)}.parquet")
            made.to_parquet(files[-1])

    told = {"by": BY, "previous": LOOKS[name], "serves": False, "simulated": False}
    stored_report(files[::-1], ATTRIBUTES, walk, **told, work=home)

    assert read(home / "report") == read(whole[name])
