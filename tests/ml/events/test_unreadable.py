"""A file that cannot be read names itself, the line as an editor counts it, and the next step."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from ml.data.errors import DataError
from ml.events.reading import EventReader

GOOD = '{"event": "click"}\n'


def refused(path: Path) -> str:
    with EventReader() as reader, pytest.raises(DataError) as caught:
        reader.look([str(path)], "plain")
    (problem,) = caught.value.problems
    assert "export the file again" in problem.rule
    return f"{problem.file}: {problem.field} = {problem.value}"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('{"event": \n' + GOOD, 'line 1 = {"event":'),
        (GOOD * 2 + '{"event": \n' + GOOD, 'line 3 = {"event":'),
        (GOOD * 2 + "\n\n" + '{"event" "b"}\n' + GOOD, 'line 5 = {"event" "b"}'),
        (GOOD * 2 + '{"event": "cli', 'line 3 = {"event": "cli'),
        ("no JSON at all\n", "line 1 = no JSON at all"),
        ('[{"event": "a"},\n{"event": "b"},\n{"event" "c"}]\n', 'line 3 = {"event" "c"}]'),
        ('[\n {\n  "event": "a"\n },\n {\n  "event" "c"\n }\n]', 'line 6 = "event" "c"'),
    ],
)
@pytest.mark.parametrize("ending", ["json", "json.gz"])
def test_the_line_is_the_one_an_editor_shows(tmp_path, ending, text, line):
    path = tmp_path / f"broken.{ending}"
    path.write_bytes(gzip.compress(text.encode()) if ending == "json.gz" else text.encode())

    assert refused(path) == f"broken.{ending}: {line}"


def test_a_line_far_into_a_file_is_found(tmp_path):
    path = tmp_path / "broken.jsonl"
    path.write_text(GOOD * 200_000 + '{"event" 1}\n')

    assert refused(path) == 'broken.jsonl: line 200001 = {"event" 1}'


def test_letters_that_are_no_utf8_are_named_by_their_line(tmp_path):
    path = tmp_path / "broken.jsonl"
    path.write_bytes(GOOD.encode() + b'{"event": "\xff"}\n')

    assert refused(path).startswith("broken.jsonl: line 2 = ")


@pytest.mark.parametrize("ending", ["json", "json.gz"])
def test_an_array_without_its_end_is_not_half_imported(tmp_path, ending):
    text = b'[{"event": "a"},\n{"event": "b"},\n'
    path = tmp_path / f"cut.{ending}"
    path.write_bytes(gzip.compress(text) if ending == "json.gz" else text)

    assert refused(path).startswith(f"cut.{ending}: file = ")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("cut.jsonl.gz", gzip.compress(GOOD.encode() * 1000)[:60]),
        ("none.jsonl.gz", GOOD.encode()),
        ("none.parquet", b"none"),
        ("none.zip", b"none"),
        ("uneven.csv", b"event,at\na,1\nb,2,3\n"),
    ],
)
def test_what_is_no_file_of_its_kind_is_named(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)

    assert refused(tmp_path / name).startswith(f"{name}: file = ")


def test_one_broken_file_of_many_is_the_one_named(tmp_path):
    for number in range(5):
        (tmp_path / f"{number}.jsonl").write_text(GOOD * 3)
    (tmp_path / "3.jsonl").write_text(GOOD + "{\n")

    assert refused(tmp_path) == "3.jsonl: line 2 = {"


@pytest.mark.parametrize("letters", ["cp1252", "utf-16"])
def test_a_table_that_is_not_in_utf8_says_so(tmp_path, letters):
    path = tmp_path / "events.csv"
    path.write_bytes("event,user\nclick,Müller\n".encode(letters))

    with EventReader() as reader, pytest.raises(DataError, match="save the file as CSV in UTF-8"):
        reader.look([str(path)], "plain")
