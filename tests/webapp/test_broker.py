"""Messages over files: processes take what others wrote completely, in order, and once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from queue import Empty

from kombu import Connection

from tests.patience import PATIENCE
from webapp.lib import broker

MESSAGES = 400
WRITE = f"""
import sys
from kombu import Connection
from webapp.lib import broker
broker.use()
options = dict(zip(("data_folder_in", "data_folder_out", "control_folder"), sys.argv[1:]))
with Connection("filesystem://localhost", transport_options=options) as connection:
    queue = connection.SimpleQueue("work")
    for number in range({MESSAGES}):
        queue.put({{"number": number}})
"""


def test_a_reader_that_never_waits_gets_every_message_whole(tmp_path: Path) -> None:
    folders = [str(tmp_path / "queue"), str(tmp_path / "queue"), str(tmp_path / "control")]
    for folder in folders:
        Path(folder).mkdir(exist_ok=True)
    options = dict(
        zip(("data_folder_in", "data_folder_out", "control_folder"), folders, strict=True)
    )
    broker.use()
    with Connection("filesystem://localhost", transport_options=options) as connection:
        channel = connection.channel()
        assert isinstance(channel, broker.Channel)
        queue = connection.SimpleQueue("work")
        writer = subprocess.Popen([sys.executable, "-c", WRITE, *folders])
        found: list[str] = []
        while len(found) < MESSAGES:
            try:
                found.append(channel._get("work")["body"])
            except Empty:
                assert writer.poll() in (None, 0)
        queue.close()
    assert writer.wait(PATIENCE) == 0
    assert len(set(found)) == MESSAGES
