from __future__ import annotations

import json
import tomllib

import pytest

from ml.events.event_map import parse_map
from ml.events.proposal import look, proposed_map
from ml.events.reading import EventReader

TITLES = {"home": {"forum": "Forum", "live-room": "Live tutorials"}, "shop": {"cart": "Cart"}}


def propose(tmp_path, *rows):
    path = tmp_path / "export.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with EventReader() as reader:
        reader.look([str(path)], "segment")
        return proposed_map(look(reader), TITLES)


def track(event, **properties):
    return {"type": "track", "event": event, "userId": "u", "properties": properties}


def test_values_that_are_ids_or_titles_of_blocks_make_a_rule_and_the_rest_is_said(tmp_path):
    text = propose(
        tmp_path,
        *[track("page_click", section="forum", n=i) for i in range(300)],
        track("page_click", section="Live Tutorials"),
        track("page_click", section="footer"),
        track("Section viewed", section="FORUM"),
        track("signup", plan="free"),
    )

    assert "# page_click, 302 times: property section has 3 values, 2 are blocks of home" in text
    assert "# not blocks: footer" in text
    assert "# signup, 1 times: no property names a block\n#   plan, 1 values: free 1" in text
    rules = parse_map(tomllib.loads(text), TITLES).rules
    assert [(r.events, r.kind, r.surface, r.block) for r in rules] == [
        (("page_click",), "use", "home", ("properties", "section")),
        (("Section viewed",), "impression", "home", ("properties", "section")),
    ]
    assert rules[0].blocks == {"Live Tutorials": "live-room"}


@pytest.mark.parametrize(
    "event",
    [
        "session_start",
        "session_end",
        "first_visit",
        "user_engagement",
        "app_opened",
        "Application Opened",
        "[Amplitude] Start Session",
        "$ae_session",
        "$pageleave",
        "page_ping",
        "identify",
    ],
)
def test_events_of_sessions_and_of_the_app_get_no_rule_even_where_they_name_a_block(
    tmp_path, event
):
    text = propose(tmp_path, track(event, screen="forum"), track("Group opened", screen="forum"))

    assert f"# {event}, 1 times: tells of a session, of the app or of who" in text
    (rule,) = parse_map(tomllib.loads(text), TITLES).rules
    assert (rule.events, rule.kind) == (("Group opened",), "use")


def test_names_with_quotes_and_line_breaks_stay_in_their_place(tmp_path):
    text = propose(tmp_path, track('say "hi"\n[[rule]]', **{'a"b': "cart"}))

    (rule,) = parse_map(tomllib.loads(text), TITLES).rules
    assert rule.events == ('say "hi"\n[[rule]]',)
    assert rule.block == ("properties", 'a"b')
