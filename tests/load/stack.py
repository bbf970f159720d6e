"""Starts and stops its own servers for measurements; existing servers are never used.

embedded: the servers of `make run` (waitress, SQLite, Celery over files). production: gunicorn with
its own PostgreSQL and Redis, on free ports and in a separate folder.
"""

from __future__ import annotations

import io
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.load.pooler import pooler_command

ROOT = Path(__file__).parents[2]
START_SECONDS = 90
SECRET = "for-measuring-only-0123456789-0123456789-0123456789"
PROGRAMS = ("initdb", "postgres", "createdb", "redis-server", "pgbouncer")
Process = subprocess.Popen[bytes]


def missing() -> list[str]:
    """Lists the programs of the production stack that this machine lacks."""
    return [name for name in PROGRAMS if not program(name)]


def program(name: str) -> str | None:
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return shutil.which(
        name, path=os.pathsep.join([os.environ["PATH"], "/usr/sbin", *map(str, places)])
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(condition: Callable[[], object], what: str, seconds: float = START_SECONDS) -> float:
    """Waits for a condition; returns the seconds it took. Raises TimeoutError."""
    start = time.monotonic()
    while not condition():
        if time.monotonic() - start > seconds:
            raise TimeoutError(f"{what} within {seconds} s")
        time.sleep(0.02)
    return time.monotonic() - start


def _listens(port: int) -> bool:
    with suppress(OSError):
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    return False


class Stack:
    """is_pooled: PgBouncer is between the servers and PostgreSQL, and changes connections between
    transactions."""

    def __init__(
        self, kind: str, folder: Path, web_workers: int = 1, is_pooled: bool = False
    ) -> None:
        self.kind, self.folder, self.web_workers = kind, folder, web_workers
        self.port, self.running = free_port(), dict[str, Process]()
        self.body = folder / "bare.json"
        self.env = {
            "VAR_DIR": str(folder / "var"),
            "SECRET_KEY": SECRET,
            "ALLOWED_HOSTS": "localhost",
            "HTTPS": "false",
            "LOG_LEVEL": "ERROR",
            "DJANGO_SETTINGS_MODULE": "tests.load.site",
            "BARE_BODY": str(self.body),
            "THROTTLE_LAYOUT": "1000000",
            "THROTTLE_WRITE": "1000000",
            "OMP_NUM_THREADS": "1",
            "UIENGINE_ANSWERS": "100000",
        }
        for name in ("DATABASE_URL", "REDIS_URL", "BROKER_URL"):
            os.environ.pop(name, None)
        if kind == "production":
            self.redis_port, self.postgres_port = free_port(), free_port()
            owner = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
            self.owner = owner
            self.pooler_port = free_port() if is_pooled else None
            port = self.pooler_port or self.postgres_port
            database = f"postgres://{owner}@127.0.0.1:{port}/layouts"
            self.env["DATABASE_POOLER"] = "yes" if is_pooled else "no"
            redis = f"redis://127.0.0.1:{self.redis_port}/0"
            self.env |= {"DATABASE_URL": database, "REDIS_URL": redis}
        os.environ |= self.env

    def prepare(self) -> None:
        """Starts database and cache, and sets up Django's ORM in this process."""
        if self.kind == "production":
            self._initialise_postgres()
            self.start_postgres()
            self.start_redis()
            port = str(self.postgres_port)
            create = [program("createdb"), "-h", "127.0.0.1", "-p", port, "-U", self.owner]
            wait_for(
                lambda: subprocess.run([*create, "layouts"], capture_output=True).returncode == 0,
                "PostgreSQL answered",
            )
            if self.pooler_port:
                self.start_pooler(self.pooler_port)
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        call_command("load_fixtures", verbosity=0, stdout=io.StringIO())

    def start_postgres(self) -> None:
        data = str(self.folder / "postgres")
        options = ["-p", str(self.postgres_port), "-k", data, "-h", "127.0.0.1"]
        command = [program("postgres") or "", "-D", data, *options]
        self._start("postgres", command, user=self._user())

    def takes_queries(self) -> bool:
        """Says whether PostgreSQL accepts queries; after a crash it recovers from its log first."""
        ready = [program("pg_isready") or "", "-q", "-h", "127.0.0.1", "-p"]
        return subprocess.run([*ready, str(self.postgres_port)]).returncode == 0

    def start_pooler(self, port: int) -> None:
        there = f"host=127.0.0.1 port={self.postgres_port} user={self.owner}"
        command = pooler_command(self.folder, there, port, pool=20)
        self._start("pooler", command)
        wait_for(lambda: _listens(port), "PgBouncer listened")

    def start_redis(self) -> None:
        command = [program("redis-server") or "", "--port", str(self.redis_port), "--save", ""]
        self._start("redis", [*command, "--dir", str(self.folder)])

    def start_web(self) -> None:
        python = [sys.executable, "-m"]
        if self.kind == "embedded":
            listen = f"--listen=127.0.0.1:{self.port}"
            command = [*python, "waitress", listen, "--threads=8", "webapp.wsgi:application"]
        else:
            shipped = ["--config=webapp/deploy/gunicorn.py", "--max-requests=0"]
            options = [*shipped, f"--workers={self.web_workers}"]
            bind = [f"--bind=127.0.0.1:{self.port}", "--keep-alive=60", "--log-level=error"]
            command = [*python, "gunicorn", *options, *bind, "webapp.wsgi:application"]
        self._start("web", command)

    def start_worker(self, name: str = "worker") -> None:
        celery = [sys.executable, "-m", "celery", "--app=webapp", "--quiet", "worker"]
        options = ["--pool=solo", "--without-mingle", "--without-gossip", "--loglevel=ERROR"]
        self._start(name, [*celery, *options, f"--hostname={name}@%h"])

    def start_beat(self) -> None:
        celery = [sys.executable, "-m", "celery", "--app=webapp", "--quiet", "beat"]
        self._start("beat", [*celery, "--loglevel=ERROR", "--pidfile="])

    def kill(self, name: str, how: signal.Signals = signal.SIGKILL) -> None:
        """Signals a process of the stack, and waits for its end."""
        process = self.running.pop(name)
        process.send_signal(how)
        process.wait(60)

    @contextmanager
    def stopped(self, name: str) -> Iterator[None]:
        """Stops a process and its children, which keep their connections, and lets them go on."""
        pid = self.running[name].pid
        pids = [pid]
        os.kill(pid, signal.SIGSTOP)
        pids += map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
        for each in pids[1:]:
            os.kill(each, signal.SIGSTOP)
        try:
            yield
        finally:
            for each in reversed(pids):
                with suppress(ProcessLookupError):
                    os.kill(each, signal.SIGCONT)

    def web_pids(self) -> list[int]:
        """Returns the processes that answer: gunicorn's children, or waitress itself."""
        pid = self.running["web"].pid
        listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [int(child) for child in listed] or [pid]

    def processor_seconds(self) -> float:
        """Returns the processor time of the answering processes since their start."""
        fields = (Path(f"/proc/{p}/stat").read_text().rsplit(") ", 1)[1] for p in self.web_pids())
        ticks = sum(int(f.split()[11]) + int(f.split()[12]) for f in fields)
        return ticks / os.sysconf("SC_CLK_TCK")

    def memory(self) -> float:
        """Returns resident memory in MB of the largest answering process."""
        pages = [int(Path(f"/proc/{p}/statm").read_text().split()[1]) for p in self.web_pids()]
        return max(pages) * os.sysconf("SC_PAGE_SIZE") / 1e6

    def stop(self) -> None:
        for name in ("web", *[n for n in self.running if n.startswith("worker")]):
            if name in self.running:
                self.kill(name, signal.SIGTERM)
        for name in list(self.running):
            self.kill(name, signal.SIGINT)

    def _start(self, name: str, command: Sequence[str], user: int | None = None) -> None:
        log = (self.folder / f"{name}.log").open("ab")
        self.running[name] = subprocess.Popen(
            command,
            cwd=self.folder if user else ROOT,
            stdout=log,
            stderr=log,
            user=user,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            start_new_session=True,
        )

    def _user(self) -> int | None:
        """Returns an unprivileged user where we run as root, which PostgreSQL refuses."""
        return pwd.getpwnam(self.owner).pw_uid if os.geteuid() == 0 else None

    def _initialise_postgres(self) -> None:
        data = self.folder / "postgres"
        data.mkdir(mode=0o700)
        if (user := self._user()) is not None:
            os.chown(data, user, -1)
            self.folder.chmod(0o755)
        command = [program("initdb") or "", "-D", str(data), "-U", self.owner, "--auth=trust"]
        done = subprocess.run(command, user=user, cwd=data, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"initdb failed: {done.stderr}")
