"""Celery's transport over files, with atomic writes.

kombu creates a message's file and then fills it. A worker that looks in between reads an empty
file, fails, and ends with "Unrecoverable error". Here the file is written under a name that no
worker looks for, and then renamed.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.json import dumps


class Channel(filesystem.Channel):  # type: ignore[misc]
    def _put(self, queue: str, payload: dict[str, Any], **kwargs: Any) -> None:
        """Names the file by time, as kombu does, so that the order of names is the queue's
        order."""
        name = f"{round(time.monotonic() * 1000)}_{uuid4()}.{queue}.msg"
        folder = Path(self.data_folder_out)
        part = folder / f"{name}.part"
        part.write_text(dumps(payload), encoding="utf-8")
        os.replace(part, folder / name)


class Transport(filesystem.Transport):  # type: ignore[misc]
    Channel = Channel


def use() -> None:
    """Makes `filesystem://` mean this transport in this process."""
    TRANSPORT_ALIASES["filesystem"] = f"{__name__}:Transport"
