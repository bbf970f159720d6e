"""Each tool's export, as its documentation shows it, gives the events that the rows mean."""

from __future__ import annotations

import gzip
import json
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ml.events.event_map import parse_map
from ml.events.formats import SNOWPLOW_COLUMNS
from ml.events.reading import EventReader, Report

BLOCKS = {"home": ["forum", "live"]}
UNTIL = 1_893_456_000_000  # 2030


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).astimezone(UTC).timestamp() * 1000)


def lines(*rows: dict[str, Any]) -> str:
    return "\n".join(json.dumps(row) for row in rows) + "\n"


def read(
    path: Path | list[Path], form: str, zone: str = "UTC", **rule: Any
) -> tuple[list[tuple[str, int, str, str]], Report]:
    """(person, ms, kind, block) of every event, and the report."""
    row = {"event": "click", "kind": "use", "surface": "home", "block": "section", **rule}
    events = parse_map({"time": {"zone": zone}, "rule": [row]}, BLOCKS)
    paths = [str(p) for p in (path if isinstance(path, list) else [path])]
    with EventReader() as reader:
        reader.read(paths, form, events, BLOCKS, UNTIL)
        reader.resolve()
        found = [
            (person, event.at, event.kind, event.block)
            for _, person, history in reader.histories()
            for event in history
        ]
        return found, reader.report


def segment(**row: Any) -> dict[str, Any]:
    common = {"type": "track", "event": "click", "properties": {"section": "forum"}}
    return {**common, "anonymousId": "a", "timestamp": "2026-05-04T09:00:00Z", **row}


def test_segment_ties_a_device_to_the_user_who_signs_in(tmp_path):
    path = tmp_path / "segment.json"
    path.write_text(
        lines(
            segment(messageId="1"),
            segment(messageId="2", userId="u", timestamp="2026-05-04T09:05:00Z"),
            segment(messageId="2", userId="u", timestamp="2026-05-04T09:05:00Z"),
        )
    )

    found, report = read(path, "segment")

    first, second = ms("2026-05-04T09:00:00Z"), ms("2026-05-04T09:05:00Z")
    assert found == [("u", first, "use", "forum"), ("u", second, "use", "forum")]
    assert (report.read, report.duplicates, report.ties) == (3, 1, 1)


def test_segment_without_a_timestamp_is_corrected_by_when_it_was_sent_and_received(tmp_path):
    path = tmp_path / "segment.json"
    clock = {
        "originalTimestamp": "2031-01-01T00:00:00Z",  # a clock years ahead
        "sentAt": "2031-01-01T00:00:10Z",
        "receivedAt": "2026-05-04T09:00:10Z",
    }
    path.write_text(lines(segment(messageId="1", timestamp=None, **clock)))

    assert read(path, "segment")[0] == [("a", ms("2026-05-04T09:00:00Z"), "use", "forum")]


def test_amplitude_in_a_zip_of_gzips_takes_the_corrected_time(tmp_path):
    row = {
        "event_type": "click",
        "event_time": "2026-05-04 09:00:00.123000",
        "client_event_time": "2020-01-01 00:00:00.000000",
        "device_id": "d",
        "user_id": None,
        "uuid": "one",
        "$insert_id": "i",
        "event_properties": {"section": "live"},
    }
    again = {**row, "uuid": "two"}  # uploaded twice
    inner = gzip.compress(lines(row, again).encode())
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("12/12_2026-05-04_9#1.json.gz", inner)

    found, report = read(path, "amplitude")

    assert found == [("d", ms("2026-05-04T09:00:00.123Z"), "use", "live")]
    assert report.duplicates == 1


def test_mixpanels_seconds_count_the_projects_wall_clock(tmp_path):
    seconds = int(ms("2026-05-04T11:00:00Z") / 1000)  # 11 o'clock in Berlin is 9 in UTC
    row = {
        "event": "click",
        "properties": {
            "time": seconds,
            "distinct_id": "$device:d",
            "$device_id": "d",
            "$insert_id": "i",
            "section": "forum",
        },
    }
    known = {
        "event": "x",
        "properties": {**row["properties"], "$user_id": "u", "time": seconds + 9},
    }
    path = tmp_path / "mixpanel.jsonl"
    path.write_text(lines(row, known))

    found, _ = read(path, "mixpanel", zone="Europe/Berlin")

    assert found == [("u", ms("2026-05-04T09:00:00Z"), "use", "forum")]


@pytest.mark.parametrize("ending", ["jsonl", "parquet"])
def test_posthogs_properties_may_be_a_string(tmp_path, ending):
    properties = json.dumps({"section": "live"})
    merge = json.dumps({"$anon_distinct_id": "a"})
    rows = [
        ("1", "click", "a", properties, "2026-05-04 09:00:00+00"),
        ("2", "$identify", "u", merge, "2026-05-04 09:01:00+00"),
    ]
    names = ("uuid", "event", "distinct_id", "properties", "timestamp")
    path = tmp_path / f"posthog.{ending}"
    if ending == "jsonl":
        path.write_text(lines(*(dict(zip(names, row, strict=True)) for row in rows)))
    else:
        columns = ", ".join(names[:-1])
        duckdb.execute(
            f"COPY (SELECT {columns}, timestamp::TIMESTAMPTZ AS timestamp FROM (VALUES {rows[0]}, "
            f"{rows[1]}) t({', '.join(names)})) TO '{path}'"
        )

    assert read(path, "posthog")[0] == [("u", ms("2026-05-04T09:00:00Z"), "use", "live")]


@pytest.mark.parametrize("ending", ["json", "parquet"])
def test_ga4_keeps_parameters_in_a_list_and_time_in_microseconds(tmp_path, ending):
    micros = ms("2026-05-04T09:00:00.5Z") * 1000
    listed = (
        "[{'key': 'page', 'value': {'string_value': NULL, 'int_value': 7}}, "
        "{'key': 'section', 'value': {'string_value': 'forum', 'int_value': NULL}}]"
    )
    path = tmp_path / f"events_20260504.{ending}"
    select = (
        f"SELECT 'click' AS event_name, {micros} AS event_timestamp, NULL AS user_id, "
        f"'p.1' AS user_pseudo_id, {listed} AS event_params"
    )
    duckdb.execute(f"COPY ({select} UNION ALL {select}) TO '{path}'")

    found, report = read(path, "ga4")

    assert found == [("p.1", ms("2026-05-04T09:00:00.500Z"), "use", "forum")]
    assert report.duplicates == 1


def test_an_event_of_ga4_is_one_in_parquet_and_in_json_without_its_nulls(tmp_path):
    micros = ms("2026-05-04T09:00:00.5Z") * 1000
    fixed = {"event_name": "click", "user_pseudo_id": "p.1", "event_bundle_sequence_id": "3"}
    told = [
        {"key": "section", "value": {"string_value": "forum"}},
        {"key": "page", "value": {"int_value": "7"}},
    ]
    days = tmp_path / "days"
    days.mkdir()
    row = {**fixed, "event_timestamp": str(micros), "event_params": told}
    (days / "a.json").write_text(lines(row))
    listed = (
        "[{'key': 'page', 'value': {'string_value': NULL, 'int_value': 7}}, "
        "{'key': 'section', 'value': {'string_value': 'forum', 'int_value': NULL}}]"
    )
    names = "'click' AS event_name, 'p.1' AS user_pseudo_id, 3 AS event_bundle_sequence_id"
    duckdb.execute(
        f"COPY (SELECT {names}, {micros} AS event_timestamp, NULL AS user_id, "
        f"{listed} AS event_params) TO '{days / 'b.parquet'}'"
    )

    found, report = read(days, "ga4")

    assert found == [("p.1", ms("2026-05-04T09:00:00.500Z"), "use", "forum")]
    assert report.duplicates == 1


def test_what_macos_adds_to_a_zip_is_no_export(tmp_path):
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("day/1.jsonl", lines(segment(messageId="1")))
        archive.writestr("__MACOSX/day/._1.jsonl", b"\0\5\x16\7")
        archive.writestr("day/.DS_Store", b"\0")

    assert len(read(path, "segment")[0]) == 1


def test_snowplows_tsv_has_131_columns_and_no_header(tmp_path):
    row = dict.fromkeys(SNOWPLOW_COLUMNS, "")
    row |= {
        "event_id": "e",
        "event_name": "event",
        "se_action": "click",
        "se_label": "live",
        "domain_userid": "d",
        "user_id": "u",
        "dvce_created_tstamp": "2020-01-01 00:00:00.000",
        "derived_tstamp": "2026-05-04 09:00:00.250",
    }
    path = tmp_path / "part-0.tsv"
    path.write_text("\t".join(row.values()) + "\n")

    found, _ = read(path, "snowplow", block="se_label")

    assert len(row) == 131
    assert found == [("u", ms("2026-05-04T09:00:00.250Z"), "use", "live")]


def test_matomos_visits_hold_their_actions(tmp_path):
    action = {
        "type": "event",
        "eventCategory": "home",
        "eventAction": "click",
        "eventName": "forum",
        "timestamp": ms("2026-05-04T09:00:00Z") // 1000,
    }
    page = {"type": "action", "url": "https://example.org/", "timestamp": 1_777_885_000}
    visit = {"idVisit": "7", "visitorId": "v", "userId": None, "actionDetails": [page, action]}
    path = tmp_path / "visits.json"
    path.write_text(json.dumps([visit, visit]))

    found, report = read(path, "matomo", block="eventName", where={"eventCategory": "home"})

    assert found == [("v", ms("2026-05-04T09:00:00Z"), "use", "forum")]
    assert report.reasons == {"no rule for the event action": 2}


@pytest.mark.parametrize(
    ("ending", "join"), [("csv", ",".join), ("tsv", "\t".join)], ids=["csv", "tsv"]
)
def test_a_plain_tables_times_are_in_the_maps_zone(
    tmp_path, ending: str, join: Callable[[list[str]], str]
):
    path = tmp_path / f"events.{ending}"
    rows = [["user", "at", "event", "section"], ["u", "2026-05-04 11:00:00", "click", "live"]]
    path.write_text("\n".join(join(row) for row in rows) + "\n")

    found, _ = read(path, "plain", zone="Europe/Berlin")

    assert found == [("u", ms("2026-05-04T09:00:00Z"), "use", "live")]


def test_a_condition_may_list_values_and_leave_others_out(tmp_path):
    path = tmp_path / "segment.json"
    told = [("1", {"page": "/home"}), ("2", {"page": "/start", "bot": False})]
    left = [("3", {"page": "/help"}), ("4", {"page": "/home", "bot": True}), ("5", {})]
    path.write_text(
        lines(
            *(
                segment(messageId=name, anonymousId=name, properties={"section": "live", **more})
                for name, more in (*told, *left)
            )
        )
    )

    pages, bots = {"properties.page": ["/home", "/start"]}, {"properties.bot": True}
    found, _ = read(path, "segment", where=pages, where_not=bots)
    assert sorted(person for person, *_ in found) == ["1", "2"]

    found, _ = read(path, "segment", where_not={**bots, "properties.page": ["/start", "/help"]})
    assert sorted(person for person, *_ in found) == ["1", "5"]  # 5 has neither


def test_what_cannot_be_used_is_counted_by_reason(tmp_path):
    path = tmp_path / "segment.json"
    path.write_text(
        lines(
            segment(messageId="1", event="other"),
            segment(messageId="2", timestamp="soon"),
            segment(messageId="3", timestamp="2031-01-01T00:00:00Z"),
            segment(messageId="4", timestamp="1970-01-02T00:00:00Z"),
            segment(messageId="5", anonymousId="undefined", userId="null"),
            segment(messageId="6", properties={"section": "nowhere"}),
            segment(messageId="7", properties={}),
        )
    )

    found, report = read(path, "segment")

    assert found == []
    assert report.reasons == {
        "no rule for the event other": 1,
        "no time that can be read": 1,
        "a time in the future": 1,
        "a time before the year 2000": 1,
        "no person: both ids are empty": 1,
        "nowhere is no block of home": 1,
        "no section in the event click": 1,
    }


def test_a_shared_device_belongs_to_who_signed_in_last(tmp_path):
    path = tmp_path / "segment.json"
    times = [("09:00", None), ("09:05", "ada"), ("10:00", None), ("11:00", "bob"), ("12:00", None)]
    days = zip(("04", "04", "05", "06", "07"), times, strict=True)
    path.write_text(
        lines(
            *(
                segment(messageId=day + at, userId=user, timestamp=f"2026-05-{day}T{at}:00Z")
                for day, (at, user) in days
            )
        )
    )

    people = [person for person, *_ in read(path, "segment")[0]]

    assert people == ["ada", "ada", "ada", "bob", "bob"]


ROW = ("click", "2026-05-04", "u", "forum")


@pytest.mark.parametrize("delimiter", [",", "\t"])
@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([("1", *ROW), ("#2", *ROW)], id="begins with a hash"),
        pytest.param(
            [*((f"{n}", *ROW) for n in range(20_479)), ("last", *ROW[:3], '"forum"')],
            id="first quotes after what is guessed by",
        ),
    ],
)
def test_a_tables_rows_are_read_as_they_stand(tmp_path, rows, delimiter):
    path = tmp_path / ("plain.csv" if delimiter == "," else "plain.tsv")
    table = [("id", "event", "at", "user", "section"), *rows]
    path.write_text("".join(delimiter.join(row) + "\n" for row in table))

    found, report = read(path, "plain")

    assert (len(found), report.read) == (len(rows), len(rows))


@pytest.mark.parametrize("more", [[], [("section", "live")], [(None, "x"), ("section", "live")]])
def test_the_first_of_ga4s_parameters_of_one_name_counts(tmp_path, more):
    row = {"event_name": "click", "event_timestamp": ms("2026-05-04T09:00:00Z") * 1000}
    told = [("page", "home"), ("section", "forum"), *more]
    listed = [{"key": key, "value": {"string_value": value}} for key, value in told]
    path = tmp_path / "events.json"
    path.write_text(
        lines(
            {**row, "user_pseudo_id": "d", "event_params": listed},
            {**row, "user_pseudo_id": "e", "event_params": []},
            {**row, "user_pseudo_id": "f", "event_params": None},
        )
    )

    found, report = read(path, "ga4")

    assert [(person, block) for person, *_, block in found] == [("d", "forum")]
    assert report.reasons == {"no section in the event click": 2}
