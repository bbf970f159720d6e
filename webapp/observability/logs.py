"""A log line as one JSON object: when, how bad, where, what, and which request it belongs to."""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime

from .requests import current

EVENT = re.compile(r"[a-z_]+(?:\.[a-z_]+)+")
"""How our messages begin: the event's name, which `manage.py catalogue` lists."""
STANDARD = {*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"}


class WithRequest(logging.Filter):
    """Gives each record the id of the request, or the task, that it belongs to."""

    def filter(self, record: logging.LogRecord) -> bool:
        # Django logs a refused request once it is over.
        over = getattr(getattr(record, "request", None), "request_id", "")
        record.request_id = current.get() or over or "-"
        return True


class JSONFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        text = record.getMessage()
        name = EVENT.match(text)
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "event": name[0] if name else "",
            "message": text,
            "process": record.process,
            **self._extra(record),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)

    def _extra(self, record: logging.LogRecord) -> dict[str, object]:
        """What the call gave in `extra`; Django's own request and response are no text."""
        given = {k: v for k, v in vars(record).items() if k not in STANDARD}
        return {k: v for k, v in given.items() if k not in ("request", "response", "server_time")}
