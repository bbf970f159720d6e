"""What a map says of events and no event has is named."""

from __future__ import annotations

import json

from ml.events.event_map import parse_map
from ml.events.reading import EventReader

BLOCKS = {"home": ["news"]}
RULE = {"event": "click", "surface": "home", "block": "block"}
EVENT = {"event": "click", "block": "news", "user": "u", "at": "2026-05-04T09:00:00Z"}


def told(folder, *rules, **person) -> list[str]:
    file = folder / "events.jsonl"
    file.write_text(json.dumps(EVENT) + "\n")
    with EventReader() as reader:
        rules_read = parse_map({"rule": list(rules), "person": person}, BLOCKS)
        reader.read([str(file)], "plain", rules_read, BLOCKS, until=10**13)
        return reader.report.unused


def test_people_are_found_in_ga4s_parameters_as_blocks_are(tmp_path):
    named = [{"key": k, "value": {"string_value": v}} for k, v in (("of", "ana"), ("at", "news"))]
    row = {"event_name": "c", "event_timestamp": "1759658400000000", "user_pseudo_id": "p"}
    file = tmp_path / "events.json"
    file.write_text(json.dumps({**row, "event_params": named}))
    rule = {"event": "c", "surface": "home", "block": "properties.at"}
    rules = parse_map({"rule": [rule], "person": {"user": "properties.of"}}, BLOCKS)

    with EventReader() as reader:
        reader.read([str(file)], "ga4", rules, BLOCKS, until=10**13)
        reader.resolve()
        assert [person for _, person, _ in reader.histories()] == ["ana"]


def test_a_map_of_which_all_is_met_has_nothing_to_tell(tmp_path):
    assert told(tmp_path, RULE, user="user") == []


def test_rules_that_fit_nothing_are_named_by_number_and_event(tmp_path):
    slip = {**RULE, "event": ["clik", "tap"]}
    assert told(tmp_path, RULE, slip, RULE) == [
        "rule 2 (clik, tap): it fits no event that no rule above it takes",
        "rule 3 (click): it fits no event that no rule above it takes",
    ]


def test_fields_of_people_that_no_event_has_are_named_with_what_follows(tmp_path):
    assert told(tmp_path, RULE, user="traits.mail", anonymous="device") == [
        "person.user = 'traits.mail': no event has it, so people are known by their devices alone",
        "person.anonymous = 'device': no event has it, so no device is known",
    ]
