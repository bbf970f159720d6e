"""Two hosts as network namespaces, and PostgreSQL and Redis that they reach over their links."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.load.stack import free_port, program, wait_for

HOSTS = {"host-a": "10.77.1", "host-b": "10.77.2"}
"""Names, and the first three bytes of both ends of each host's link."""
LINKS = {host: f"{host[-1]}{os.getpid()}" for host in HOSTS}
"""Names of the namespaces, and of the links to them."""


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)


@contextmanager
def linked() -> Iterator[None]:
    """Namespaces with a link each to this one. Raises CalledProcessError without the right."""
    try:
        for host, net in HOSTS.items():
            name = LINKS[host]
            ip("netns", "add", name)
            ip("link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", name)
            ip("addr", "add", f"{net}.1/24", "dev", name)
            ip("link", "set", name, "up")
            ip("-n", name, "addr", "add", f"{net}.2/24", "dev", "eth0")
            for device in ("eth0", "lo"):
                ip("-n", name, "link", "set", device, "up")
        yield
    finally:
        for name in LINKS.values():
            subprocess.run(["ip", "netns", "del", name], capture_output=True)


@contextmanager
def running(command: list[str], log: Path, **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("ab") as out:
        process = subprocess.Popen(
            command, stdout=out, stderr=out, start_new_session=True, **options
        )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


class Servers:
    """PostgreSQL and Redis that listen on every link, in a folder of their own."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.postgres, self.redis = free_port(), free_port()
        ends = ["127.0.0.1", *(f"{net}.1" for net in HOSTS.values())]
        data, owner = folder / "postgres", "postgres"
        data.mkdir()
        for path in (folder, data):
            subprocess.run(["chown", owner, str(path)], check=True)
        make = [program("initdb") or "", "-D", str(data), "-U", owner, "--auth=trust"]
        subprocess.run(make, user=owner, cwd=data, check=True, capture_output=True)
        with (data / "pg_hba.conf").open("a") as rules:
            rules.write("host all all 10.77.0.0/16 trust\n")
        serve = [program("postgres") or "", "-D", str(data), "-p", str(self.postgres), "-k"]
        serve += [str(data), "-h", ",".join(ends)]
        stack.enter_context(running(serve, folder / "postgres.log", user=owner, cwd=data))
        keep = [program("redis-server") or "", "--port", str(self.redis), "--save", ""]
        keep += ["--protected-mode", "no", "--bind", *ends]
        stack.enter_context(running(keep, folder / "redis.log"))
        ready = [program("pg_isready") or "", "-q", "-h", "127.0.0.1", "-p", str(self.postgres)]
        wait_for(lambda: subprocess.run(ready).returncode == 0, "PostgreSQL starts", 30)

    def base(self, name: str, end: str = "127.0.0.1") -> str:
        return f"postgres://postgres@{end}:{self.postgres}/{name}"
