"""The table of books: shares by hand, and a run from a file to a table."""

from __future__ import annotations

import pytest

from ml.experiments import books


def test_the_share_of_the_engines_gain_is_of_sums_over_people():
    engine = {"a": 4.0, "b": 1.0, "c": 5.0}
    shown = {"a": 2.0, "b": 1.0, "c": 4.0}

    share, low, high = books.share_of(shown, engine)

    assert share == pytest.approx(0.7)
    # Alone, a gives a half, c 0.8 and b all: no draw of people can leave these bounds.
    assert 0.5 <= low < share < high <= 1.0


def test_a_run_compares_books_with_the_engine_and_with_residual_tokens(
    version_folder, cohort, tmp_path, capsys
):
    test = tmp_path / "later.csv"
    visits = cohort[1][cohort[1].user.isin(["u1", "u2", "u3"])]
    visits[["surface", "user", "at", "block", "uses"]].to_csv(test, index=False)

    assert books.main(["--version", str(version_folder), "--test", str(test)]) == 0

    said = capsys.readouterr().out
    rows = [line.split(" | ") for line in said.splitlines() if line.startswith("| sim |")]
    assert [row[1] for row in rows] == [
        "engine",
        "residual tokens, 8 bits",
        "residual tokens, 64 bits",
        *(f"book, {bits} bits" for bits in (2, 4, 6, 8)),
    ]
    assert rows[0][-1].startswith("1.000 (1.000 to 1.000)")
