"""PgBouncer, which changes connections between transactions."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

CONFIGURATION = """
[databases]
* = {there}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
auth_type = any
pool_mode = transaction
default_pool_size = {pool}
min_pool_size = 4
server_round_robin = 1
server_login_retry = 1
ignore_startup_parameters = extra_float_digits
unix_socket_dir =
logfile = {folder}/pgbouncer.log
"""


def pgbouncer() -> str | None:
    return shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")


def pooler_command(folder: Path, there: str, port: int, pool: int) -> list[str]:
    """Writes the configuration; returns what starts PgBouncer on the port.

    there: libpq's words for the server; pool: the most connections to it.
    """
    mine = folder / "pooler"
    mine.mkdir()
    mine.chmod(0o777)  # PgBouncer refuses to run as root
    file = mine / "pgbouncer.ini"
    file.write_text(CONFIGURATION.format(there=there, port=port, pool=pool, folder=mine))
    as_whom = ["-u", "nobody"] if os.geteuid() == 0 else []
    return [pgbouncer() or "", "-q", *as_whom, str(file)]
