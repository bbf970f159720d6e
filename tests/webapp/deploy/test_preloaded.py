"""A server that loads the application once and forks its workers from it."""

from __future__ import annotations

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from uuid import uuid4

import psycopg

from tests.webapp.deploy.place import Place, fresh_database

SERVER = (
    "exec gunicorn --preload --workers 4 --worker-class sync --bind $BIND webapp.wsgi:application"
)
TIMES, BATCHES = 400, 100


def test_no_connection_crosses_the_fork_of_sync_workers(tmp_path):
    with fresh_database() as address:
        place = Place(tmp_path, {"DATABASE_URL": address, "UIENGINE_REFRESH_MS": "100"})
        place.run("python manage.py migrate --no-input --verbosity 0")
        place.run("python manage.py load_fixtures --no-cohort")
        token = place.run("python manage.py user_token shop:1")
        who = {"Authorization": f"Bearer {token}"}
        place.start("web", SERVER)
        try:
            place.wait(lambda: place.ask("/api/health")[0] == 200, "healthy")
            statuses = _asked(place, who)
        finally:
            place.stop()

        assert statuses == {("layout", 200): TIMES, ("events", 202): BATCHES}
        with psycopg.connect(address) as database:
            row = database.execute("SELECT count(*) FROM subjects_event").fetchone()
        assert row == (BATCHES,)


def _asked(place: Place, who: dict[str, str]) -> Counter[tuple[str, int]]:
    """Asks for TIMES layouts, six at once, and sends an event with every fourth's decision."""

    def ask(number: int) -> list[tuple[str, int]]:
        status, content = place.ask("/api/layout?surface=course-home", **who)
        if number % (TIMES // BATCHES):
            return [("layout", status)]
        decision = json.loads(content).get("decision", "")
        event = {"id": str(uuid4()), "at": datetime.now(UTC).isoformat(), "type": "impression"}
        body = {"decision": decision, "events": [event]}
        return [("layout", status), ("events", place.ask("/api/events", body, **who)[0])]

    with ThreadPoolExecutor(6) as pool:
        return Counter(pair for pairs in pool.map(ask, range(TIMES)) for pair in pairs)
