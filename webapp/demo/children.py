"""Starts, watches and stops the demo's child processes together."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

PATIENCE = 8.0
"""Seconds that a child may take to stop before it is killed."""
TAIL_LINES = 15


class ChildDied(Exception):
    """A child ended unexpectedly; the message carries the end of its log."""


@dataclass
class Children:
    """logs: the folder for one log file per child."""

    logs: Path
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str, command: Sequence[str], env: Mapping[str, str]) -> None:
        """Starts a child in its own session: Ctrl-C reaches only the parent, which stops it."""
        with self.log(name).open("wb") as log:
            self.running[name] = subprocess.Popen(
                command,
                env={**os.environ, **env},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def check(self) -> None:
        """Raises ChildDied for the first child that is no longer running."""
        for name, process in self.running.items():
            if process.poll() is not None:
                lines = self.log(name).read_text(errors="replace").splitlines()[-TAIL_LINES:]
                end = "\n".join(f"  {name}: {line}" for line in lines) or "  (it wrote nothing)"
                raise ChildDied(
                    f"The {name} process ended with exit code {process.returncode}. "
                    f"The end of {self.log(name)}:\n{end}"
                )

    def stop(self) -> None:
        """Terminates all, last started first; kills the rest with their own children."""
        for process in reversed(self.running.values()):
            _signal(process, signal.SIGTERM)
        deadline = time.monotonic() + PATIENCE
        for process in self.running.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(0.1, deadline - time.monotonic()))
        for process in self.running.values():
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self.running.clear()


def port_is_free(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        process.send_signal(number)
