"""The report's page is safe and self-contained, and its wording is careful."""

import json
import re

import pytest

from ml.audit import cohort
from ml.audit.audit import audit
from ml.audit.categories import NO_ATTRIBUTE
from ml.audit.coverage import compared, coverage
from ml.audit.named import named
from ml.audit.report import page
from ml.audit.site_facts import SiteFacts
from ml.audit.words import own_side, slice_name, written


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    visits, people = cohort.simulate(
        folder / "replay.jsonl", users=600, visits=4, planted=cohort.upside_down
    )
    people["gender"] = people["gender"].replace({"F": "<script>alert(1)</script>"})
    by = ["gender", "disability"]
    return audit(folder / "replay.jsonl", visits, people, by, out=folder, simulated=True)


def test_values_from_files_are_escaped(report):
    html = page(report)

    assert "<script" not in html
    assert "&lt;script&gt;alert(1)" in html


def test_the_page_needs_no_other_file(report):
    assert not re.search(r"(src|href)=|url\(|@import", page(report))


def test_it_names_who_is_served_worse_and_what_is_left_out(report):
    html = page(report)

    assert re.search(r"Served worse than the rest.*disability Y on page", html, re.S)
    assert "modelled, not measured" in html
    assert "simulated" in html
    assert "What these numbers leave out" in html


@pytest.mark.parametrize(("count", "told"), [(1, ">1 slice under 100"), (2, ">2 slices under")])
def test_slices_are_counted_in_their_number(report, count, told):
    judged = {row["slice"]["gender"]: row for row in report["slices"] if "gender" in row["slice"]}
    few = [{**row, "users": 7, "verdict": "inconclusive"} for row in judged.values()]
    assert told in named({"slices": few[:count]}, {})


@pytest.mark.parametrize("name", ["gender", NO_ATTRIBUTE])
def test_without_any_attribute_it_says_that_nothing_was_compared(tmp_path, name):
    visits, people = cohort.simulate(tmp_path / "replay.jsonl", users=120, visits=2)
    people[name] = ""

    replay = tmp_path / "replay.jsonl"

    html = page(audit(replay, visits, people, [name], out=tmp_path, simulated=True))

    assert "no attribute tells people apart, so nothing was compared" in html
    assert "Nobody was compared with anybody, because no attribute is known of any of them" in html
    assert "Give attributes of people" in html and "Wait for more people" not in html
    assert "is judged" not in html and "More visits of more people" not in html
    assert "Compared by" not in html


def test_it_says_where_the_only_attribute_was_left_out():
    rows, out = [{"slice": {NO_ATTRIBUTE: "unknown"}}], [{"attribute": "town", "why": "is long"}]

    told = compared({"by": [NO_ATTRIBUTE], "slices": rows, "left_out": out})

    assert told == "Nobody was compared with anybody, because town cannot be used"


def test_real_people_are_not_called_simulated(report):
    html = page({**report, "simulated": False})

    assert "simulated" not in html.split("</style>")[1]


def test_real_people_among_simulated_ones_are_not_denied(report):
    html = page({**report, "simulated": True})

    assert "Some or all of these people are <b>simulated</b>" in html
    assert "nobody real" not in html


def test_every_cell_has_heads_for_a_screen_reader(report):
    html = page(report)

    assert not re.search(r"<th(?! scope=(row|col))", html)
    assert not re.search(r"<tr><td", html)
    tables = re.findall(r'<div role="table".*?</div></div>', html)
    assert len(tables) >= 4
    for table in tables:
        rows = re.findall(r'<div class="row[^>]*role="row".*?</div>', table)
        assert rows[0].count('role="columnheader"') == 4
        for line in rows[1:]:
            assert line.count('role="rowheader"') == 1
            merged = line.count("aria-colspan")
            assert line.count('role="cell"') + merged == 3


def test_what_the_version_alone_moves_is_listed_by_slice(report):
    moved = {"elsewhere": 0.0, "resized": 0.0}
    small = {"slice": {"gender": "<X>"}, "users": 7, "moved": None, "elsewhere": None}
    found = {
        "people": 1234,
        "moved": 0.043,
        **moved,
        "first_token": {"people": 1200, "numbers_alike": 1.0, "kept": 0.991},
        "slices": [
            {"slice": {"gender": "M"}, "users": 800, "moved": 0.0871, **moved, "is_judged": True},
            {**small, "resized": None, "is_judged": False},
        ],
    }
    assert "What this version alone moves" not in page(report)

    html = page({**report, "churn": found})

    assert (
        "<tr><th scope=row>everybody</th><td>1,234</td><td>0.043</td><td>0</td><td>0</td></tr>"
        in html
    )
    assert (
        "<tr><th scope=row>gender M</th><td>800</td><td>0.0871</td><td>0</td><td>0</td></tr>"
        in html
    )
    assert "gender &lt;X&gt;</th><td>7</td><td>-</td><td>-</td><td>-</td>" in html
    assert "keeps its number for 99.1% of people" in html


def test_it_promises_nothing(report):
    text = re.sub("<[^>]+>", " ", page(report)).lower()

    for word in ("debias", "unbiased", "fair", "solved", "guarantee"):
        assert word not in text


def test_figures_are_written_for_readers():
    assert written(0.0166, "share of visits") == "+1.7 %"
    assert written(-0.0001, "share of visits") == "0.0 %"
    assert written(-0.25, "blocks a visit") == "-0.25"
    assert slice_name({"gender": "F", "disability": "Y"}) == "gender F × disability Y"


def test_it_shows_how_often_such_audits_err(report):
    seed = {
        "quiet_chains_alarmed": 0.01,
        "quiet_audits_within": 0.9,
        "naive_quiet_chains_alarmed": 0.5,
        "edge_chains_alarmed": 0.02,
        "creep_caught_by_6": 0.95,
        "naive_creep_caught_by_6": 0.1,
        "power_curve": [0.0, 0.25, 1.0],
    }
    power = {"people": "replay", "users": 4000, "chains": 200, "retrains": 12, "seeds": [seed]}

    html = page(report, power=power)

    assert "90.0 % of the audits say within" in html
    assert ">25</text>" in html


def test_a_slice_served_worse_says_whether_it_gains_by_itself():
    row = {"metric": "seconds_saved", "slice": {"gender": "F"}}
    saved = {**row, "value": 0.04, "value_interval": [0.01, 0.08]}
    saved |= {"rest_value": 0.48, "rest_interval": [0.4, 0.56]}

    told = own_side({"seconds_saved": saved})
    assert told.startswith("Both gain; gender F less: gender F saves 0.040 s (0.010 to 0.080)")
    assert "the rest 0.480 s" in told and "modelled" in told
    lost = {**saved, "value": -0.04, "value_interval": [-0.08, -0.01]}
    assert own_side({"seconds_saved": lost}).startswith("gender F loses, the rest gains:")
    unclear = {**saved, "value_interval": [-0.01, 0.09]}
    assert "gender F neither clearly gains nor loses" in own_side({"seconds_saved": unclear})


def test_each_slice_shows_its_own_seconds_beside_the_gated_effect(report):
    saved = {r["slice"].get("disability"): r for r in report["slices"] if _is_saved(r)}
    table = page(report).split("modelled seconds saved a visit</span>")[1].split("<h3>")[0]

    for value in ("Y", "N"):
        line = table.split(f">disability {value} ")[1].split("verdict")[0]
        assert f"{saved[value]['value']:+.3f} s" in line
        assert f"{saved[value]['value_interval'][0]:+.3f} to" in line


def _is_saved(row):
    return row["metric"] == "seconds_saved" and list(row["slice"]) == ["disability"]


def test_no_figure_tells_of_single_persons(tmp_path):
    visits, people = cohort.simulate(tmp_path / "replay.jsonl", users=120, visits=2)
    people["age_band"] = ["55<="] * 3 + ["0-35"] * 117
    people["region"] = ["north"] * 9 + ["south"] * 50 + ["west"] * 61

    report = audit(tmp_path / "replay.jsonl", visits, people, ["age_band", "region"], out=tmp_path)

    few = [r for r in report["slices"] if r["users"] < 10]
    assert {"age_band": "55<="} in [r["slice"] for r in few]
    # The difference of the 117 is minus that of the 3, so it would reveal it.
    two = [r for r in report["slices"] if r["slice"] == {"age_band": "0-35"}]
    for row in (*few, *two):
        assert [row[k] for k in ("estimate", "interval", "value", "standard_error")] == [None] * 4
        assert "too few to show" in row["reason"]
    assert {r["verdict"] for r in few if r["tolerance"]} == {"inconclusive"}
    assert all(r["value"] is not None for r in report["slices"] if r["slice"] == {"region": "west"})
    html = (tmp_path / "report.html").read_text()
    assert "age_band 55&lt;= (55 and over)" in html
    assert "3 people: too few to show without pointing at a person" in html


def test_what_to_do_differs_for_a_version_that_serves_already(report):
    told = {
        (serves, verdict): page({**report, "serves": serves, "verdict": verdict})
        for serves in (True, False)
        for verdict in ("exceeds", "inconclusive")
    }

    assert "Do not promote" in told[False, "exceeds"]
    assert "Do not promote" not in told[True, "exceeds"]
    assert "roll back" in told[True, "exceeds"] and "dry run" in told[True, "exceeds"]
    assert "Before this version serves anybody, be it a canary share" in told[False, "inconclusive"]
    assert "goes on serving" in told[True, "inconclusive"]


def test_how_often_a_page_pointed_to_what_was_used_is_told_by_slice(tmp_path):
    """Points to the used block for half of the people, and never for the others."""
    path = tmp_path / "replay.jsonl"
    visits, people = cohort.simulate(path, users=120, visits=2)
    people["region"] = ["north", "south"] * 60
    north = set(people.loc[people["region"] == "north", "user"])
    used = visits.groupby(["user", "at"])["block"].first()
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines:
        if line["user"] in north:
            line["expected"] = used[line["user"], line["at"]]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))

    report = audit(path, visits, people, ["region"], out=tmp_path)

    told = {
        (row["slice"]["region"], row["metric"]): row["value"]
        for row in report["slices"]
        if row["metric"].startswith("pointed") and list(row["slice"]) == ["region"]
    }
    assert told["north", "pointed_share"] == 1 and told["south", "pointed_share"] == 0
    assert told["north", "pointed_right"] == 1 and told["south", "pointed_right"] is None
    assert all(row["verdict"] is None for row in report["slices"] if "pointed" in row["metric"])
    assert "Pointed to what was used" in (tmp_path / "report.html").read_text()


def test_the_audits_report_says_how_long_values_are_kept_and_what_has_gone():
    one = {"surface": "home", "attribute": "region", "users": 40, "unknown": 0}
    known = {**one, "written_alike": {}, "rare_values": 0, "kept": {"days": 10, "gone": 2}}
    gone = [{"attribute": "gender", "days": 730, "gone": 5}]
    page = coverage({"attributes": [known], "left_out": [], "gone": gone})
    assert "Its values are kept 10 days; those of 2 people have gone by that." in page
    assert "<b>gender</b> is not compared: the values of 5 people have gone" in page


def test_to_whom_a_block_is_suggested_to_be_put_away_and_who_refuses_is_told_by_slice(tmp_path):
    """Suggests once to half of the people of the north, at their second visit, and to nobody else;
    a third of what they were asked is refused."""
    path = tmp_path / "replay.jsonl"
    visits, people = cohort.simulate(path, users=120, visits=3)
    people["region"] = ["north", "south"] * 60
    north = people.loc[people["region"] == "north", "user"].tolist()
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines:
        if line["user"] in north[::2] and line["visit"] == 1:
            line["suggested"] = line["default"][-1]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    answers = {user: (3, 1) for user in north[::2]}

    report = audit(path, visits, people, ["region"], site=SiteFacts(answers=answers), out=tmp_path)

    told = {
        (row["slice"]["region"], row["metric"]): row["value"]
        for row in report["slices"]
        if row["metric"].startswith("suggest") and list(row["slice"]) == ["region"]
    }
    assert told["north", "suggested_people"] == 0.5 and told["south", "suggested_people"] == 0
    assert told["north", "suggestions_declined"] == pytest.approx(1 / 3)
    assert told["south", "suggestions_declined"] is None
    page = (tmp_path / "report.html").read_text()
    assert "People asked to put a block away" in page and "Suggestions refused" in page
    plain = audit(path, visits, people, ["region"], out=tmp_path)
    assert not any("declined" in row["metric"] for row in plain["slices"])


def when(line: dict) -> tuple[str, str]:
    return line["user"], line["at"][:10]


def test_new_sizes_and_whether_what_is_larger_is_used_are_told_by_slice(tmp_path):
    """From their second of three visits on, people of the north see the block that they use next
    larger, in the third one that they do not use."""
    path = tmp_path / "replay.jsonl"
    visits, people = cohort.simulate(path, users=120, visits=3)
    people["region"] = ["north", "south"] * 60
    north = set(people.loc[people["region"] == "north", "user"])
    used = visits.groupby(["user", "at"])["block"].agg(set).to_dict()
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    large = {}
    for line in sorted(lines, key=lambda line: line["visit"]):
        here = next(b for (user, at), b in used.items() if (user, str(at)[:10]) == when(line))
        if line["user"] in north and line["visit"] == 1:
            large[line["user"]] = min(here)
            line["sizes"] = {min(here): 2}
        elif line["user"] in north and line["visit"] == 2:
            others = [b for b in line["default"] if b not in {*here, large[line["user"]]}]
            line["sizes"] = {others[0]: 2}
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))

    report = audit(path, visits, people, ["region"], out=tmp_path)

    told = {
        (row["slice"]["region"], row["metric"]): row["value"]
        for row in report["slices"]
        if row["metric"] in ("resized_share", "larger_used") and list(row["slice"]) == ["region"]
    }
    assert told["north", "resized_share"] == pytest.approx(2 / 3)
    assert told["south", "resized_share"] == 0
    assert told["north", "larger_used"] == 0.5 and told["south", "larger_used"] is None
    page = (tmp_path / "report.html").read_text()
    assert "Visits with a new size" in page and "Larger what was used" in page
