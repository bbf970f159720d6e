"""Imports millions of made events in three formats: exact counts, memory and speed.

    python -m tests.evidence.imported_events --events 10000000

The events are simulated. Each person begins on a device and signs in later; a tenth of the devices
has a clock that is wrong by hours, 3 % of the events are sent twice, and one day's file is exported
twice. What should come out is counted by SQL over the events as they truly happened, beside which
`manage.py import_events` runs in a process of its own on a fresh SQLite database. Its speed and its
peak memory are printed beside a bare DuckDB read of the same files, of the same length, and with
--pandas beside a pandas read.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from tests.bench.measure import line

ROOT = Path(__file__).parents[2]
BLOCKS = 12
PER_PERSON = 100
DAYS = 60
RESENT = 30
"""The day whose file is exported twice."""
START = 1_767_225_600_000  # 2026-01-01
BURST_MS = DAYS * 86_400_000 * 4 // PER_PERSON
"""Each person's events come four at a time, a minute apart; so long it is from four to four."""
MADE = f"""
CREATE TABLE true_events AS SELECT *, {START} + burst_ms + (n % 4) * 60000 AS ms,
  'u' || person AS known, 'd' || person AS device, n >= {PER_PERSON // 5} AS is_signed_in,
  'section-' || (hash(person, hash(n) % 3, 'block') % {BLOCKS}) AS block,
  CASE WHEN hash(person, n, 'kind') % 10 < 7 THEN 'page_click' ELSE 'page_view' END AS name,
  CASE WHEN hash(person, 'clock') % 10 = 0 THEN 7200000 ELSE 0 END AS wrong
FROM (SELECT i // {PER_PERSON} AS person, i % {PER_PERSON} AS n,
  CAST((i % {PER_PERSON}) // 4 * {BURST_MS} + hash(i // {PER_PERSON}) % {BURST_MS} AS BIGINT)
  AS burst_ms FROM range({{events}}) r(i))
"""
SENT = f"""
CREATE TABLE sent AS SELECT *, 0 AS again FROM true_events
UNION ALL SELECT *, 1 FROM true_events WHERE hash(person, n, 'twice') % 100 < 3
UNION ALL SELECT *, 2 FROM true_events WHERE ms // 86400000 = {START // 86_400_000 + RESENT}
"""
ISO = "strftime(make_timestamp(1000 * ({})), '%Y-%m-%dT%H:%M:%S.%gZ')"
ROWS = {
    "segment": "SELECT 'track' AS type, name AS event, 'm' || person || '-' || n AS messageId, "
    "device AS anonymousId, CASE WHEN is_signed_in THEN known END AS userId, "
    f"{ISO.format('ms + wrong')} AS originalTimestamp, "
    f"{ISO.format('ms + wrong + 1000 + 60000 * again')} AS sentAt, "
    f"{ISO.format('ms + 1000 + 60000 * again')} AS receivedAt, "
    "{{'section': block}} AS properties FROM sent",
    "amplitude": "SELECT name AS event_type, device AS device_id, 'i' || n AS \"$insert_id\", "
    "CASE WHEN is_signed_in THEN known END AS user_id, "
    f"{ISO.format('ms + wrong')} AS client_event_time, "
    f"{ISO.format('ms + wrong + 1000 + 60000 * again')} AS client_upload_time, "
    f"{ISO.format('ms + 1000 + 60000 * again')} AS server_received_time, "
    "{{'section': block}} AS event_properties FROM sent",
    "ga4": "SELECT name AS event_name, 1000 * ms AS event_timestamp, device AS user_pseudo_id, "
    "CASE WHEN is_signed_in THEN known END AS user_id, n AS event_bundle_sequence_id, "
    "[{{'key': 'section', 'value': {{'string_value': block, 'int_value': CAST(NULL AS BIGINT)}}}}] "
    "AS event_params FROM sent",
}
"""In GA4's export the time is corrected already."""
EXPECTED = """
WITH gaps AS (SELECT *, ms - lag(ms) OVER (PARTITION BY person ORDER BY ms) AS gap
  FROM true_events),
 visits AS (SELECT *, count(*) FILTER (WHERE gap IS NULL OR gap >= 1800000)
  OVER (PARTITION BY person ORDER BY ms) AS visit FROM gaps),
 used AS (SELECT DISTINCT person, visit, block FROM visits WHERE name = 'page_click')
SELECT (SELECT count(DISTINCT person) FROM true_events), (SELECT count(*) FROM true_events),
  (SELECT count(*) FROM sent), (SELECT count(DISTINCT (person, visit)) FROM used),
  (SELECT count(*) FROM used)
"""
PEAK = """
def peak():
    with open("/proc/self/status") as status:
        return next(int(l.split()[1]) / 1024 for l in status if l.startswith("VmHWM"))
"""
"""In MB. The peak of `getrusage` begins with the parent's, which made the files (Linux)."""
IMPORT = """
import json, sys, time
import django; django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from webapp.surfaces.services import surface_save
sizes = {{"*": {{"default": [1, 2]}}}}
blocks = [{{"id": f"section-{{i}}", "title": f"Section {{i}}", "sizes": sizes}}
          for i in range({blocks})]
point = {{"name": "desktop", "min_width": 0, "columns": 3}}
surface_save({{"slug": "home", "title": "Home", "breakpoints": [point], "blocks": blocks}})
begin, worked = time.perf_counter(), time.process_time()
call_command("import_events", *sys.argv[3:], format=sys.argv[1], map=sys.argv[2])
seconds, worked = time.perf_counter() - begin, time.process_time() - worked
from webapp.subjects.models import ImportedHistory, Subject, Visit
from webapp.subjects.imports.events.visits import unpack
stored = ImportedHistory.objects.values_list("events", flat=True)
kept = sum(len(unpack(row)) for row in stored.iterator())
uses = sum(len(row) for row in Visit.objects.values_list("uses", flat=True).iterator())
print(json.dumps({{"people": Subject.objects.count(), "events": kept, "uses": uses,
  "visits": Visit.objects.count(), "seconds": seconds, "worked": worked,
  "peak": peak()}}))
"""
BARE = """
import json, sys, time
import duckdb
begin, worked = time.perf_counter(), time.process_time()
con = duckdb.connect(); con.execute("SET threads=2; SET enable_progress_bar=false")
form, files = sys.argv[1], sys.argv[2:]
read = "read_parquet" if form == "ga4" else "read_json_auto"
con.execute(f"SELECT count(*), max(hash(t)) FROM {{read}}($1) t", [files]).fetchall()
print(json.dumps({{"seconds": time.perf_counter() - begin, "worked": time.process_time() - worked,
  "peak": peak()}}))
"""
PANDAS = """
import json, sys, time
import pandas as pd
begin, worked = time.perf_counter(), time.process_time()
read = pd.read_parquet if sys.argv[1] == "ga4" else lambda f: pd.read_json(f, lines=True)
rows = pd.concat([read(f) for f in sys.argv[2:]])
print(json.dumps({{"seconds": time.perf_counter() - begin, "worked": time.process_time() - worked,
  "peak": peak()}}))
"""


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--events", type=int, default=1_000_000, help="in all formats together")
    parser.add_argument("--pandas", action="store_true", help="read by pandas, too")
    parser.add_argument("--formats", nargs="+", choices=tuple(ROWS), default=list(ROWS))
    options = parser.parse_args(arguments)
    each = options.events // len(options.formats)
    wrong = [form for form in options.formats if not measured(form, each, options.pandas)]
    print(json.dumps({"formats": options.formats, "simulated": True, "wrong": wrong}))
    sys.exit(bool(wrong))


def measured(form: str, events: int, with_pandas: bool) -> bool:
    """Prints the figures of one format; returns True if all counts are exact."""
    with tempfile.TemporaryDirectory(prefix="imported-") as folder:
        home = Path(folder)
        expected, files = made(form, events, home)
        (home / "map.toml").write_text(
            "".join(
                f'[[rule]]\nevent = "{name}"\nkind = "{kind}"\nsurface = "home"\n'
                'block = "properties.section"\n'
                for name, kind in (("page_click", "use"), ("page_view", "impression"))
            )
        )
        found = child(IMPORT, home, form, str(home / "map.toml"), *files)
        bare = child(BARE, home, form, *files)
        sent = expected.pop("sent")
        exact = {name: found[name] for name in expected} == expected
        told = {"simulated": 1.0, **expected, "sent": sent, "exact": float(exact)}
        told["events_per_processor_second"] = sent / found["worked"]
        speed, floor = sent / found["seconds"], sent / bare["seconds"]
        line(f"import of {form}", speed, "events/s", "bare DuckDB read", floor, **told)
        line(f"import of {form}, peak", found["peak"], "MB", "bare DuckDB read", bare["peak"])
        if with_pandas:
            other = child(PANDAS, home, form, *files)
            line(f"import of {form}, peak", found["peak"], "MB", "pandas read", other["peak"])
        if not exact:
            print(json.dumps({"expected": expected, "found": found}), file=sys.stderr)
        return exact


def made(form: str, events: int, home: Path) -> tuple[dict[str, int], list[str]]:
    """Writes the export's files and returns what an import should leave."""
    base = duckdb.connect(str(home / "made.duckdb"))
    base.execute("SET threads=2; SET memory_limit='2GB'; SET preserve_insertion_order=false")
    base.execute(MADE.format(events=events))
    base.execute(SENT)
    found = base.execute(EXPECTED).fetchone()
    assert found is not None
    shape = "FORMAT parquet" if form == "ga4" else "FORMAT json, COMPRESSION gzip"
    ending = "parquet" if form == "ga4" else "jsonl.gz"
    files = []
    for part in range(4):
        files.append(str(home / f"{part}.{ending}"))
        rows = f"SELECT * FROM sent WHERE ms // 86400000 % 4 = {part}"
        query = ROWS[form].format().replace("FROM sent", f"FROM ({rows})")
        base.execute(f"COPY ({query}) TO '{files[-1]}' ({shape})")
    base.close()
    (home / "made.duckdb").unlink()
    names = ("people", "events", "sent", "visits", "uses")
    return dict(zip(names, map(int, found), strict=True)), files


def child(script: str, home: Path, *arguments: str) -> dict[str, Any]:
    """Runs a script in a process of its own, on Linux; returns its last line."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "webapp.settings",
        "VAR_DIR": str(home / "var"),
        "DATABASE_URL": f"sqlite:///{home / 'db.sqlite3'}",
    }
    text = PEAK + script.format(blocks=BLOCKS)
    done = subprocess.run(
        [sys.executable, "-c", text, *arguments],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


if __name__ == "__main__":
    main()
