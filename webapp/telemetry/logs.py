"""Formats log lines as JSON objects that carry the request's id."""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime

from webapp.telemetry.requests import current

EVENT = re.compile(r"[a-z_]+(?:\.[a-z_]+)+")
"""Pattern of the event name that starts a message; `manage.py catalogue` lists them."""
BETWEEN_TRACES = 10.0
"""Seconds between two tracebacks of one warning event."""
STANDARD = {*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"}


class WithRequest(logging.Filter):
    """Adds the id of the request or task to each record."""

    def filter(self, record: logging.LogRecord) -> bool:
        # Django logs a refused request after its end, when `current` is reset.
        over = getattr(getattr(record, "request", None), "request_id", "")
        record.request_id = current.get() or over or "-"
        return True


class TracesSeldom(logging.Filter):
    """Removes the traceback of a warning if this process logged one of that event recently.

    Without Redis every request warns, and tracebacks would fill gigabytes an hour. The lines
    stay; errors keep their tracebacks.
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
        """Returns the fields given in `extra`, without Django's request and response objects."""
        given = {k: v for k, v in vars(record).items() if k not in STANDARD}
        return {k: v for k, v in given.items() if k not in ("request", "response", "server_time")}
