#!/usr/bin/env bash
# Guess: a query with ORDER BY gives its rows in that order however they are fetched, also with
#   preserve_insertion_order=false, which the guide for large files advises and which is said to be
#   about queries without ORDER BY.
# Really: connection.execute(query).to_arrow_reader() copies the finished rows by a query of its own,
#   without ORDER BY, so that with the setting and two threads pieces of it change places: of a
#   million rows two or more are followed by a smaller one, without an error. The same by
#   connection.sql(query).to_arrow_reader(), by fetchall, or with one thread is in order. Events that
#   are cut into visits as they stream by are cut at such places.
# Versions: duckdb 2.0.1, pyarrow 26.0.1, Python 3.11.
# Source: https://duckdb.org/docs/stable/sql/dialect/order_preservation,
#   https://duckdb.org/docs/stable/guides/performance/how_to_tune_workloads (the setting), the warning
#   of to_arrow_reader on a DB-API result (about the copy, not about order)
# Seen: places out of order: execute, arrow 3; sql, arrow 0; execute, fetchall 0; one thread 0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3.11 -m venv env
env/bin/pip install -q duckdb==2.0.1 pyarrow==26.0.1
cat >try.py <<'PY'
import warnings

import duckdb

warnings.simplefilter("ignore")  # of the copy
QUERY, ROWS = "SELECT ms FROM events ORDER BY ms", 1_000_000


def base(threads: int) -> duckdb.DuckDBPyConnection:
    found = duckdb.connect()
    found.execute(f"SET threads={threads}")
    found.execute("SET preserve_insertion_order=false")
    found.execute(f"CREATE TABLE events AS SELECT range AS ms FROM range({ROWS}) ORDER BY hash(range)")
    return found


def misplaced(times: list[int]) -> int:
    assert sorted(times) == list(range(ROWS))  # no row is lost
    return sum(one > two for one, two in zip(times, times[1:]))


def streamed(reader) -> list[int]:
    return [at for batch in reader for at in batch.column(0).to_pylist()]


two = base(2)
print("execute, arrow:", max(misplaced(streamed(two.execute(QUERY).to_arrow_reader(20_000))) for _ in range(5)))
print("sql, arrow:", max(misplaced(streamed(two.sql(QUERY).to_arrow_reader(20_000))) for _ in range(5)))
print("execute, fetchall:", misplaced([row[0] for row in two.execute(QUERY).fetchall()]))
print("execute, arrow, one thread:", misplaced(streamed(base(1).execute(QUERY).to_arrow_reader(20_000))))
PY
env/bin/python try.py | tee seen
grep -Eq '^execute, arrow: [1-9][0-9]*$' seen
grep -q '^sql, arrow: 0$' seen
grep -q '^execute, fetchall: 0$' seen
grep -q '^execute, arrow, one thread: 0$' seen
