"""An audit judges people who are served by a byte beside the same people served by the engine."""

import json
import re

import pytest

from ml.audit import cohort
from ml.audit.__main__ import main
from ml.audit.audit import audit
from ml.audit.by_book import book_metrics
from ml.data.errors import DataError
from tests.ml.audit.test_audit import exceeding

BY = ["gender", "disability"]


def replays(tmp_path, planted_by_book, planted=cohort.as_others, users=700, visits=5):
    """The same people and visits twice: by the engine, and by book."""
    engine, book = tmp_path / "engine.jsonl", tmp_path / "book.jsonl"
    given = cohort.simulate(engine, users=users, visits=visits, planted=planted)
    again = cohort.simulate(book, users=users, visits=visits, planted=planted_by_book)
    assert given[1].equals(again[1])
    return engine, book, given


def rows_of(report, metric):
    return {json.dumps(r["slice"]): r for r in report["slices"] if r["metric"] == metric}


def test_a_disparity_that_only_the_byte_has_is_found_and_named(tmp_path):
    engine, book, given = replays(tmp_path, cohort.upside_down)

    report = audit(engine, *given, BY, book=book, out=tmp_path / "out")

    assert report["verdict"] == "exceeds"
    assert {"disability": "Y"} in exceeding(report, "seconds_by_book")
    assert exceeding(report, "seconds") == []
    page = (tmp_path / "out/report.html").read_text()
    assert re.search(r"time against the default layout, by book [+\d. %]+ against the rest", page)


@pytest.mark.parametrize("planted", [cohort.as_others, cohort.upside_down, cohort.explores])
def test_a_byte_that_shows_what_the_engine_shows_has_the_engines_figures(tmp_path, planted):
    """Gated ones, and the two beside them: each slice's figure, difference, and size."""
    engine, book, given = replays(tmp_path, planted, planted)

    report = audit(engine, *given, BY, book=book, out=tmp_path / "out")

    assert report["beside"] == ["book"]
    assert report["surfaces"][0]["by_book"] == report["surfaces"][0]["seconds"]
    for metric in book_metrics():
        found, of_engine = (
            rows_of(report, name) for name in (metric.name, metric.name.removesuffix("_by_book"))
        )
        assert set(found) == set(of_engine) and found
        for slice_, row in found.items():
            for field in ("value", "estimate", "users", "n", "tolerance"):
                assert row[field] == of_engine[slice_][field], (metric.name, slice_, field)


def test_each_gated_figure_of_a_byte_has_a_verdict_and_is_on_the_page(tmp_path):
    engine, book, given = replays(tmp_path, cohort.as_others, users=300)

    report = audit(engine, *given, BY, book=book, out=tmp_path / "out")

    gated = {r["metric"] for r in report["slices"] if r["verdict"] and "book" in r["metric"]}
    assert gated == {"seconds_by_book", "exploration_share_by_book", "blocks_moved_by_book"}
    page = (tmp_path / "out/report.html").read_text()
    assert "Served by a byte" in page and "The same, by book" in page
    for title in ("Time against the default layout", "Blocks moved", "Visits used for exploration"):
        assert f"<h3>{title}, by book</h3>" in page


def test_where_nobody_is_served_by_a_byte_nothing_is_said_of_it(tmp_path):
    engine, _, given = replays(tmp_path, cohort.as_others, users=120, visits=2)

    report = audit(engine, *given, BY, out=tmp_path / "out")

    assert report["beside"] == []
    assert not [r for r in report["slices"] if "book" in r["metric"]]
    assert "by book" not in (tmp_path / "out/report.html").read_text()


def test_a_book_of_other_visits_is_refused(tmp_path):
    engine, book, given = replays(tmp_path, cohort.as_others, users=120, visits=2)
    lines = engine.read_text().splitlines()
    engine.write_text("\n".join(lines[:120]))
    book.write_text("\n".join(book.read_text().splitlines()[120:]))

    with pytest.raises(DataError, match="must replay visits of the audited replay"):
        audit(engine, *given, BY, book=book, out=tmp_path / "out")


def test_the_command_takes_the_books_replay(tmp_path):
    engine, book, (visits, people) = replays(tmp_path, cohort.as_others, users=120, visits=2)
    files = {"visits": visits, "people": people}
    for name, table in files.items():
        table.to_csv(tmp_path / f"{name}.csv", index=False)
    named = [f"--{n}={tmp_path / n}.csv" for n in files]

    given = [f"--replay={engine}", f"--book={book}", *named, "--by", *BY, f"--out={tmp_path}"]

    assert main(given) == 0
    assert json.loads((tmp_path / "report.json").read_text())["beside"] == ["book"]
