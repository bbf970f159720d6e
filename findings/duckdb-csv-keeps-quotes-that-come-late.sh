#!/usr/bin/env bash
# Guess: read_csv takes "Save" in quotes for Save wherever it stands, as RFC 4180 says; what later
#   lines hold that the sample does not is an error, as it is with a text in a column of numbers.
# Really: where the first quotes of a file come after the sample of 20,480 lines, DuckDB has decided
#   that the file has no quotes at all. The value keeps them, as part of the text, without an error,
#   so GROUP BY has two buttons; one line earlier they are quotes.
# Versions: duckdb 2.0.1, Python 3.11.
# Source: https://duckdb.org/docs/stable/data/csv/auto_detection (a sample of 20,480 rows);
#   https://github.com/duckdb/duckdb/issues/11838 has it of version 0.10.1, and is closed.
# Seen: 'Save' with 20,478 lines before and '"Save"' with 20,479 (and a header).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3.11 -m venv env
env/bin/pip install -q duckdb==2.0.1
cat >try.py <<'PY'
import duckdb

for before in (20_478, 20_479):
    with open("clicks.csv", "w") as file:
        file.write("event,button\n" + "click,Open\n" * before + 'click,"Save"\n')
    ((quotes,),) = duckdb.sql("SELECT Quote FROM sniff_csv('clicks.csv')").fetchall()
    ((last,),) = duckdb.sql("SELECT button FROM 'clicks.csv' WHERE button <> 'Open'").fetchall()
    told = duckdb.sql("SELECT button FROM read_csv('clicks.csv', quote='\"')").fetchall()[-1][0]
    print(f"after {before} lines: {last!r} (quotes guessed: {quotes}), told of them: {told!r}")
PY
env/bin/python try.py | tee seen
grep -q "^after 20478 lines: 'Save' (quotes guessed: \"), told of them: 'Save'$" seen
grep -q "^after 20479 lines: '\"Save\"' (quotes guessed: (empty)), told of them: 'Save'$" seen
