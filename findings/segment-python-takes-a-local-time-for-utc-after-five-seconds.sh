#!/usr/bin/env bash
# Guess: a naive datetime that is given as an event's timestamp is either local time or UTC, always
#   the same; an event that waited in a queue for a few seconds is sent with the time it has.
# Really: the client compares it with now. Up to five seconds old it is taken for local time, older
#   for UTC. So datetime.now() of an event that was queued for six seconds is off by the zone's whole
#   offset, and a stream of such events holds both kinds. Events of the next hours count as local.
# Versions: segment-analytics-python 2.4.0, python-dateutil 2.9.0.post0, Python 3.11.
# Source: segment/analytics/utils.py, guess_timezone.
# Seen: in New York (-05:00 in winter, -04:00 in summer) 4 seconds ago has that offset, 6 seconds ago
#   has +00:00.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3.11 -m venv env
env/bin/pip install -q segment-analytics-python==2.4.0 python-dateutil==2.9.0.post0
cat >try.py <<'PY'
from datetime import datetime, timedelta

from segment.analytics.client import Client

client = Client("any key", send=False)
now = datetime.now()
for age in (1, 4, 6, 60):
    taken, sent = client.track("ada", "click", timestamp=now - timedelta(seconds=age))
    print(f"datetime.now() of {age} s ago is sent with the offset {sent['timestamp'][-6:]}")
PY
TZ=America/New_York env/bin/python try.py | tee seen
grep -Eq '^datetime.now\(\) of 4 s ago is sent with the offset -0[45]:00$' seen
grep -Eq '^datetime.now\(\) of 6 s ago is sent with the offset \+00:00$' seen
