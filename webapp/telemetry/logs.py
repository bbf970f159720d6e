"""A log line as one JSON object: when, how bad, where, what, and which request it belongs to."""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime

from webapp.telemetry.requests import current

EVENT = re.compile(r"[a-z_]+(?:\.[a-z_]+)+")
"""How our messages begin: the event's name, which `manage.py catalogue` lists."""
BETWEEN_TRACES = 10.0
"""Seconds."""
STANDARD = {*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"}


class WithRequest(logging.Filter):
    """Gives each record the id of the request, or the task, that it belongs to."""

    def filter(self, record: logging.LogRecord) -> bool:
        # Django logs a refused request once it is over.
        over = getattr(getattr(record, "request", None), "request_id", "")
        record.request_id = current.get() or over or "-"
        return True


class TracesSeldom(logging.Filter):
    """Takes the traceback off a warning whose event showed one in this process of late.

    While Redis is away every request warns, and tracebacks would be gigabytes an hour. The lines
    stay; of an error the traceback stays too.
    """

    def __init__(self) -> None:
        super().__init__()
        self.shown: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and record.levelno <= logging.WARNING:
            event = (record.name, str(record.msg))
            if record.created - self.shown.get(event, 0.0) < BETWEEN_TRACES:
                record.exc_info = record.exc_text = None
            else:
                self.shown[event] = record.created
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
