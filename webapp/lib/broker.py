"""Celery's transport over files, made safe: a message appears in the folder whole or not at all.

kombu's own creates a message's file and then fills it. A worker that looks in between takes an
empty file, fails to read it, and ends with "Unrecoverable error". Here it is filled first, under a
name that no worker looks for, and then renamed.
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
        """Named by time, as kombu's are: a folder in order of names is a queue."""
        name = f"{round(time.monotonic() * 1000)}_{uuid4()}.{queue}.msg"
        folder = Path(self.data_folder_out)
        part = folder / f"{name}.part"
        part.write_text(dumps(payload), encoding="utf-8")
        os.replace(part, folder / name)


class Transport(filesystem.Transport):  # type: ignore[misc]
    Channel = Channel


def use() -> None:
    """From now on `filesystem://` in this process means this transport."""
    TRANSPORT_ALIASES["filesystem"] = f"{__name__}:Transport"
