#!/usr/bin/env bash
# Guess: read_json over a folder of an export, a file an hour, either has a column for each key or says
#   that a key is unknown to it, as it does for a late key in one large file.
# Really: columns come from the first 32 files. A key that is first seen in the 33rd is left out, its
#   values with it and without an error, however few rows the files have; nested, too. A property that
#   the product began to send on the third day is in none of the rows. In one file a key after the
#   sample of 20,480 rows is an error that names it. union_by_name=true, or maximum_sample_files=-1,
#   has the column.
# Versions: duckdb 2.0.1, Python 3.11.
# Source: https://duckdb.org/docs/stable/data/json/loading_json (maximum_sample_files),
#   https://github.com/duckdb/duckdb/pull/8891 (a sample across files)
# Seen: of 48 files with a row each, "block" new in file 32: 17 rows have it; new in file 33: no such
#   column, 48 rows; by name: 16 rows have it; in one file: an error of an unknown key.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3.11 -m venv env
env/bin/pip install -q duckdb==2.0.1
cat >try.py <<'PY'
import json
from pathlib import Path

import duckdb


def event(new: bool) -> str:
    return json.dumps({"user": "ada", "event": "click"} | ({"block": "news"} if new else {})) + "\n"


def told(source: str) -> str:
    """What a reader of the files learns of the new key."""
    try:
        found = duckdb.sql(f"SELECT * FROM read_json({source})")
        rows = [dict(zip(found.columns, row)) for row in found.fetchall()]
    except duckdb.Error as error:
        return "an error: " + ("unknown key" if 'unknown key "block"' in str(error) else str(error))
    have = sum(row.get("block") is not None for row in rows)
    return f"{len(rows)} rows, columns {found.columns}, {have} with a block"


for first in (32, 33):
    folder = Path(f"new_in_{first}")
    folder.mkdir()
    for number in range(1, 49):
        (folder / f"hour_{number:02}.json").write_text(event(number >= first))
    print(f"new in file {first}: {told(repr(f'{folder}/*.json'))}")
print("by name:", told("'new_in_33/*.json', union_by_name=true"))
print("all files sampled:", told("'new_in_33/*.json', maximum_sample_files=-1"))
Path("one.json").write_text(event(False) * 20_480 + event(True))
print("in one file:", told("'one.json'"))
PY
env/bin/python try.py | tee seen
diff seen - <<'SEEN'
new in file 32: 48 rows, columns ['user', 'event', 'block'], 17 with a block
new in file 33: 48 rows, columns ['user', 'event'], 0 with a block
by name: 48 rows, columns ['user', 'event', 'block'], 16 with a block
all files sampled: 48 rows, columns ['user', 'event', 'block'], 16 with a block
in one file: an error: unknown key
SEEN
