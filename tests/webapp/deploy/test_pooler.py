"""Behind PgBouncer, which changes connections between transactions, rows are read in chunks."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest

from tests.load.pooler import pgbouncer, pooler_command
from tests.patience import PATIENCE
from tests.webapp.deploy.place import Place, fresh_database


@contextmanager
def pooled(address: str, folder: Path) -> Iterator[str]:
    """Starts PgBouncer before a database; yields the address that leads through it."""
    if pgbouncer() is None:
        if os.environ.get("CI"):
            pytest.fail("CI is set, where nothing may skip, and pgbouncer is missing.")
        pytest.skip("pgbouncer is not installed")
    parts = urlsplit(address)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    there = f"host={parts.hostname} port={parts.port or 5432} user={parts.username}"
    password = f" password={parts.password}" if parts.password else ""
    process = subprocess.Popen(pooler_command(folder, there + password, port, pool=4))
    try:
        yield urlunsplit(parts._replace(netloc=f"{parts.username}@127.0.0.1:{port}"))
    finally:
        process.terminate()
        process.wait(PATIENCE)


READ = """
import django, psycopg
django.setup()
from django.contrib.auth.models import Permission
from django.db import connection
others = [psycopg.connect("{through}") for _ in range(4)]  # as many as the pool has
for other in others:
    other.execute("SELECT 1")
for other in others:
    other.rollback()
print(len(list(Permission.objects.iterator(chunk_size=5))) == Permission.objects.count())
print(connection.prepares)
"""


@pytest.fixture(scope="module")
def behind(tmp_path_factory) -> Iterator[tuple[Path, str]]:
    """A folder, and the address of a database with tables that leads through PgBouncer."""
    folder = tmp_path_factory.mktemp("pooled")
    for above in (folder, folder.parent, folder.parent.parent):
        above.chmod(0o755)  # PgBouncer runs as another user
    with fresh_database() as address, pooled(address, folder) as through:
        prepared = "python manage.py migrate -v 0 && python manage.py load_fixtures --no-cohort"
        Place(folder, {"DATABASE_URL": through, "DATABASE_POOLER": "yes"}).run(prepared)
        yield folder, through


def test_rows_are_read_in_chunks_behind_a_pooler_by_transaction(behind):
    folder, through = behind
    (folder / "read.py").write_text(READ.format(through=through))
    read = f"PYTHONPATH=. python {folder}/read.py"

    with pytest.raises(AssertionError, match="does not exist"):
        Place(folder, {"DATABASE_URL": through}).run(read)
    place = Place(folder, {"DATABASE_URL": through, "DATABASE_POOLER": "yes"})
    assert place.run(read).split() == ["True", "False"]


def test_a_whole_life_goes_on_behind_a_pooler_by_transaction(behind):
    """Each transaction gets another connection, as PgBouncer takes the next one of its pool."""
    folder, through = behind
    place = Place(folder, {"DATABASE_URL": through, "DATABASE_POOLER": "yes"})

    found = json.loads(place.run(f"python -m tests.webapp.deploy.whole_life {folder}"))

    assert found == {
        "accepted": 1,
        "again": 1,
        "folded": 1,
        "pinned": ["quiz"],
        "exported": 2,
        "visits": 5200,
        "collected": "done",
        "in_trial": 0,
        "admin": [200],
        "erased": 200,
        "left": [0, 0],
        "prepares": False,
    }
