"""Behind PgBouncer, which changes connections between transactions, rows are read in chunks."""

from __future__ import annotations

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


def test_rows_are_read_in_chunks_behind_a_pooler_by_transaction(tmp_path):
    for folder in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
        folder.chmod(0o755)  # PgBouncer runs as another user
    with fresh_database() as address, pooled(address, tmp_path) as through:
        Place(tmp_path, {"DATABASE_URL": address}).run("python manage.py migrate -v 0")
        (tmp_path / "read.py").write_text(READ.format(through=through))
        read = f"PYTHONPATH=. python {tmp_path}/read.py"

        refused = Place(tmp_path, {"DATABASE_URL": through})
        with pytest.raises(AssertionError, match="does not exist"):
            refused.run(read)
        place = Place(tmp_path, {"DATABASE_URL": through, "DATABASE_POOLER": "yes"})
        assert place.run(read).split() == ["True", "False"]
