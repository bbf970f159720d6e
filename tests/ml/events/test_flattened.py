"""Tables that were made of Segment's nested events: a column a property, named by its path."""

from __future__ import annotations

from pathlib import Path

from ml.events.proposal import look, proposed_map
from ml.events.reading import EventReader
from tests.ml.events.test_formats import ms, read

AT = "2026-05-04T09:00:00Z"
DOTTED = f"""type,event,anonymousId,userId,messageId,timestamp,properties.section,\
properties.page.path,context.page.path,traits.plan
track,click,a,,1,{AT},forum,/home,/home,
track,click,a,,2,{AT},live,/other,/other,
identify,,a,u,3,{AT},,,,free
track,click,b,,4,{AT},live,/home,/home,
"""
WAREHOUSE = f"""id,event,event_text,anonymous_id,user_id,timestamp,section,context_page_path
1,click,click,a,,{AT},forum,/home
2,click,click,a,u,{AT},live,/other
"""
BLOCKS = {"home": {"forum": "Forum", "live": "Live room"}}


def csv(folder: Path, text: str) -> Path:
    path = folder / "events.csv"
    path.write_text(text)
    return path


def proposed(path: Path) -> str:
    with EventReader() as reader:
        reader.look([str(path)], "segment")
        return proposed_map(look(reader), BLOCKS)


def test_columns_named_by_their_path_are_properties(tmp_path):
    path = csv(tmp_path, DOTTED)
    at = ms(AT)
    everything = [("b", at, "use", "live"), ("u", at, "use", "forum"), ("u", at, "use", "live")]

    for block in ("section", "properties.section", ["properties", "section"]):
        assert sorted(read(path, "segment", block=block)[0]) == everything


def test_conditions_find_properties_and_context_however_deep(tmp_path):
    path = csv(tmp_path, DOTTED)

    for key in ("properties.page.path", "page.path", "context.page.path"):
        found, _ = read(path, "segment", where={key: "/home"})
        assert sorted(block for *_, block in found) == ["forum", "live"], key


def test_a_warehouse_table_has_a_column_a_property(tmp_path):
    path = csv(tmp_path, WAREHOUSE)

    assert len(read(path, "segment", block="properties.section")[0]) == 2
    assert len(read(path, "segment", where={"context_page_path": "/home"})[0]) == 1


def test_a_first_map_is_proposed_for_both(tmp_path):
    for text in (DOTTED, WAREHOUSE):
        rule = proposed(csv(tmp_path, text))
        assert 'event = "click"' in rule and 'block = ["properties", "section"]' in rule
