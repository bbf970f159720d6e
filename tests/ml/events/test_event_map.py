"""A map that cannot be meant is refused when it is loaded: where, what, and what is nearest."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from ml.data.errors import DataError
from ml.events.event_map import load_map, parse_map

BLOCKS = {"home": ["forum", "live", "glossary"], "shop": ["cart"]}
RULE = '[[rule]]\nevent = "click"\nsurface = "home"\n'


def refused(path: Path, text: str) -> list[str]:
    path.write_text(text)
    with pytest.raises(DataError) as caught:
        load_map(path, BLOCKS)
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            RULE + 'block_id = "forun"',
            "rule 1 (click), block_id = 'forun'; is no block of home; nearest: forum",
        ),
        (
            RULE + 'block = "x"\n' + RULE + 'block = "x"\nblocks = { "Live room" = "LIVE" }',
            "rule 2 (click), blocks, 'Live room' = 'LIVE'; is no block of home; nearest: live",
        ),
        (
            RULE + 'block_id = "zzzz"',
            "rule 1 (click), block_id = 'zzzz'; is no block of home; there are forum, glossary, "
            "live",
        ),
        (
            RULE.replace("home", "hom") + 'block = "x"',
            "rule 1 (click), surface = 'hom'; is no surface; nearest: home",
        ),
        (
            RULE + 'block = "x"\nkind = "uses"',
            "rule 1 (click), kind = 'uses'; is no kind; nearest: use",
        ),
        (
            RULE + 'block = "x"\nblok = "y"',
            "rule 1 (click), blok = 'y'; is no key of a map here; nearest: block, blocks, block_id",
        ),
        (
            "[time]\nzon = 'UTC'\n" + RULE + 'block = "x"',
            "time.zon = 'UTC'; is no key of a map here; nearest: zone",
        ),
        (
            "[person]\nusers = 'x'\n" + RULE + 'block = "x"',
            "person.users = 'x'; is no key of a map here; nearest: user",
        ),
    ],
)
def test_a_mistyped_name_is_told_with_the_nearest(tmp_path, text, said):
    assert refused(tmp_path / "my.toml", text) == [f"my.toml: {said}"]


@pytest.mark.parametrize("text", ["", "rule = []", 'rule = "click"'])
def test_a_map_without_a_rule_is_told_how_to_have_one(tmp_path, text):
    (said,) = refused(tmp_path / "my.toml", text)

    assert said.startswith("my.toml: rule = ")
    assert "None" not in said
    assert "import_events --help" in said


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ("event = 5", "rule 1, event"),
        ("event = []", "rule 1, event"),
        ("block = 7", "rule 1 (click), block"),
        ('block = "a..b"', "rule 1 (click), block"),
        ('blocks = "a"', "rule 1 (click), blocks"),
        ("where = []", "rule 1 (click), where"),
        ('where = { "page" = [] }', "rule 1 (click), where, 'page'"),
        ('where = { "page" = [["/home"]] }', "rule 1 (click), where, 'page'"),
        ('where.page.path = "/home"', "rule 1 (click), where, 'page'"),
        ('where_not = "bot"', "rule 1 (click), where_not"),
        ('where_not = { "bot" = [] }', "rule 1 (click), where_not, 'bot'"),
    ],
)
def test_a_value_of_another_type_is_refused_by_its_field(row, field):
    rule = {"event": "click", "surface": "home", "block": "x", **tomllib.loads(row)}

    with pytest.raises(DataError) as caught:
        parse_map({"rule": [rule]}, BLOCKS)

    assert [problem.field for problem in caught.value.problems] == [field]


def test_a_map_says_all_that_is_wrong_at_once():
    with pytest.raises(DataError) as caught:
        parse_map(
            {
                "time": {"zone": "Berlin"},
                "person": 4,
                "rule": [{"event": "x", "kind": "buy", "surface": "store", "section": 1}],
            },
            BLOCKS,
        )

    fields = {problem.field for problem in caught.value.problems}
    names = ("section", "kind", "surface", "block")
    assert fields == {"time.zone", "person", *(f"rule 1 (x), {name}" for name in names)}


def test_a_true_value_is_compared_as_json_writes_it():
    rule = {"event": "x", "surface": "shop", "block_id": "cart", "where": {"properties.paid": True}}

    (read,) = parse_map({"rule": [rule]}, BLOCKS).rules

    assert read.where == {("properties", "paid"): ("true",)}


def test_the_readmes_map_is_one():
    (text,) = re.findall(r"```toml\n(\[time\].*?)```", Path("README.md").read_text(), re.DOTALL)
    read = parse_map(tomllib.loads(text), {"home": ["news"]})
    assert (read.zone, read.user) == ("America/Sao_Paulo", ("context", "traits", "account"))
    assert read.rules[0].where == {
        ("context", "page", "host"): ("www.shop.example", "m.shop.example")
    }
    assert read.rules[0].where_not == {("properties", "bot"): ("true",)}
