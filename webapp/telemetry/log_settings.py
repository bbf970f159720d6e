"""Django's LOGGING: everything to the console, each line with the id of its request."""

from __future__ import annotations

from typing import Any


def logging_settings(formatter: str, level: str) -> dict[str, Any]:
    """formatter: `line` or `json`. level: of the least severe lines that are written."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {
            "request": {"()": "webapp.telemetry.logs.WithRequest"},
            "traces": {"()": "webapp.telemetry.logs.TracesSeldom"},
        },
        "formatters": {
            "line": {
                "format": "{asctime} {levelname} {name} {message} [{request_id}]",
                "style": "{",
            },
            "json": {"()": "webapp.telemetry.logs.JSONFormatter"},
        },
        "handlers": {
            "console": {
                "class": "logging.StreamHandler",
                "formatter": formatter,
                "filters": ["request", "traces"],
            }
        },
        "loggers": {name: {"level": "WARNING"} for name in ("onnx_ir", "onnxscript")},  # chatty
        "root": {"handlers": ["console"], "level": level},
    }
