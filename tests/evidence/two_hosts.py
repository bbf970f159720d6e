"""Cuts one of two hosts off in the middle of a retrain's parts; compares with an undisturbed run.

The hosts are network namespaces with a name and a Celery worker each. PostgreSQL and Redis run
outside and are reached over the hosts' links; artefacts are in a folder that both have. The link of
one host, the `helper` or the `holder` of the run, is taken down while both have a part, for longer
than a connection lives without an answer, and put up again. Leases and beats are shorter than in
operation, and the sweep runs every few seconds, to save time. Needs root and iproute2. Data and
training are those of `killed_pipeline`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg

from tests.evidence.hosts import HOSTS, LINKS, Servers, ip, linked, running
from tests.evidence.killed_pipeline import ROOT, SEED, WORKER
from tests.load.stack import wait_for

CUT_SECONDS = 45.0
VICTIMS = ("helper", "holder")
SLOWLY = """
import os, socket
from datetime import timedelta
from webapp.codebooks.pipeline import beating, enqueue, lease, order
from webapp.codebooks.pipeline.parts import lease as part_lease, split, work
for module in (enqueue, lease, order, part_lease):
    module.LEASE = timedelta(seconds=10)
beating.BEAT_SECONDS = 2.0
split.VISITS_A_PART = 60
collect = work.WORKS["collect"]
def slowly(part):
    time.sleep(1.5)
    return collect(part)
work.WORKS["collect"] = slowly
"""
SWEEP = "import django; django.setup(); from webapp.codebooks.tasks import sweep; sweep()"


class TwoHosts:
    """A retrain by a worker on each host. number: of its own database and Redis database."""

    def __init__(self, servers: Servers, folder: Path, number: int) -> None:
        self.servers, self.folder, self.number = servers, folder, number
        self.name = f"retrain_{number}"
        folder.mkdir()
        (folder / "slowly.py").write_text(WORKER.format(kinds="()", marks=folder) + SLOWLY)
        with psycopg.connect(servers.base("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {self.name}")
        for command in (["-m", "django", "migrate", "-v0"], ["-c", SEED]):
            self._python(*command)

    def run(self, victim: str = "") -> dict[str, Any]:
        """Lets both hosts work until the pipeline has ended; cuts the victim off meanwhile."""
        with ExitStack() as stack:
            for host in HOSTS:
                stack.enter_context(self._worker(host))
            if victim:
                self._cut(victim)
            ends = time.monotonic() + 600
            while self.rows("SELECT state FROM codebooks_pipeline") == [("running",)]:
                assert time.monotonic() < ends, self._logs()
                self._python("-c", SWEEP)
                time.sleep(3)
            time.sleep(3 if victim else 0)  # what the victim has to say, it says now
        return self._found()

    def _cut(self, victim: str) -> None:
        """Waits for the middle of the parts, and takes the link down for CUT_SECONDS."""
        wait_for(self._is_in_the_middle, "both hosts have a part and some are done", 300)
        hosts = dict(self.rows("SELECT host, number FROM codebooks_part WHERE state = 'running'"))
        holder = self._holder()
        (other,) = set(HOSTS) - {holder}
        self.cut = holder if victim == "holder" else other
        assert self.cut in hosts, hosts
        ip("link", "set", LINKS[self.cut], "down")
        until = time.monotonic() + CUT_SECONDS
        while time.monotonic() < until:
            self._python("-c", SWEEP)
            time.sleep(3)
        ip("link", "set", LINKS[self.cut], "up")

    def _is_in_the_middle(self) -> bool:
        found = self.rows("SELECT state, host FROM codebooks_part")
        busy = {host for state, host in found if state == "running"}
        return busy == set(HOSTS) and sum(state == "done" for state, _ in found) >= 2

    def _holder(self) -> str:
        """The host whose worker has the run: it says so in its log."""
        for host in HOSTS:
            if "codebooks.collect" in (self.folder / f"{host}.log").read_text():
                return host
        raise AssertionError(self._logs())

    def _found(self) -> dict[str, Any]:
        ((collected,),) = self.rows("SELECT result FROM codebooks_run WHERE kind = 'collect'")
        names = ("sha256", "visits", "people", "held_back", "drawn")
        return {
            "pipeline": self.rows("SELECT state, outcome FROM codebooks_pipeline"),
            "steps": self.rows("SELECT kind, state FROM codebooks_run ORDER BY id"),
            "version": self.rows("SELECT name, status FROM codebooks_codebookversion ORDER BY id"),
            "collected": {name: collected[name] for name in names},
            "marks": self.rows("SELECT count(*) FROM subjects_trainingmark"),
            "reports": self.rows(
                "SELECT (SELECT count(*) FROM audits_auditreport), "
                "(SELECT count(*) FROM codebooks_gatereport), "
                "(SELECT count(*) FROM codebooks_aliasmove)"
            ),
        }

    def parts(self) -> list[tuple[Any, ...]]:
        return self.rows(
            "SELECT number, host, attempts FROM codebooks_part WHERE work = 'collect' "
            "AND state = 'done' ORDER BY number"
        )

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.servers.base(self.name)) as connection:
            return list(connection.execute(query).fetchall())

    def _environment(self, host: str = "", end: str = "127.0.0.1") -> dict[str, str]:
        drop = ("BROKER_URL", "ARTEFACTS_STORAGE")
        return {
            **{k: v for k, v in os.environ.items() if k not in drop},
            "DATABASE_URL": self.servers.base(self.name, end),
            "REDIS_URL": f"redis://{end}:{self.servers.redis}/{self.number}",
            "VAR_DIR": str(self.folder / (host or "var")),
            "ARTEFACTS_DIR": str(self.folder / "artefacts"),
            "DJANGO_SETTINGS_MODULE": "webapp.settings",
            "UIENGINE_GATE_PEOPLE": "200",  # as many as a smoke run's gate looks at
            "PYTHONPATH": str(self.folder),
        }

    def _python(self, *arguments: str) -> None:
        command = [sys.executable, *arguments]
        subprocess.run(command, cwd=ROOT, env=self._environment(), check=True, timeout=300)

    def _worker(self, host: str) -> Any:
        worker = f"exec {sys.executable} -m celery -A webapp worker -P solo -l info -n {host}"
        inside = f"hostname {host}; {worker} --include slowly"
        command = ["ip", "netns", "exec", LINKS[host], "unshare", "--uts", "sh", "-c", inside]
        environment = self._environment(host, f"{HOSTS[host]}.1")
        return running(command, self.folder / f"{host}.log", cwd=ROOT, env=environment)

    def _logs(self) -> Mapping[str, str]:
        return {host: (self.folder / f"{host}.log").read_text()[-3000:] for host in HOSTS}


def measured(folder: Path, victims: list[str]) -> dict[str, Any]:
    with ExitStack() as stack:
        servers = Servers(folder, stack)
        whole = TwoHosts(servers, folder / "whole", 1)
        found = {"": whole.run()}
        told: dict[str, Any] = {}
        for number, victim in enumerate(victims, 2):
            cut = TwoHosts(servers, folder / victim, number)
            found[victim] = cut.run(victim)
            told[victim] = {
                "again": sum(attempts > 1 for *_, attempts in cut.parts()),
                "by_host": {h: sum(host == h for _, host, _ in cut.parts()) for h in HOSTS},
                "cut": cut.cut,
                "differs": [k for k, v in found[victim].items() if v != found[""][k]],
            }
    return {
        "parts": sum(told[victims[0]]["by_host"].values()),
        "cut_seconds": CUT_SECONDS,
        "victims": told,
        "version": found[""]["version"][-1][0],
        "as_undisturbed": not any(one["differs"] for one in told.values()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cut", nargs="+", default=list(VICTIMS), choices=VICTIMS)
    arguments = parser.parse_args()
    begin = time.monotonic()
    line: dict[str, Any] = {"name": "one of two hosts cut off in the middle of a retrain's parts"}
    with ExitStack() as stack:
        try:
            stack.enter_context(linked())
        except (subprocess.CalledProcessError, FileNotFoundError) as error:
            why = getattr(error, "stderr", "") or str(error)
            print(json.dumps({**line, "left_out": f"no network namespaces: {why.strip()}"}))
            return
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        Path(folder).chmod(0o755)
        line |= measured(Path(folder), arguments.cut)
    print(json.dumps({**line, "seconds": round(time.monotonic() - begin, 1)}))
    sys.exit(not line["as_undisturbed"])


if __name__ == "__main__":
    main()
