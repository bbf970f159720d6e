"""Django's LOGGING: everything goes to the console, each line with its request's id."""

from __future__ import annotations

from typing import Any


def logging_settings(formatter: str, level: str) -> dict[str, Any]:
    """formatter: `line` or `json`. level: the lowest severity that is logged."""
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
        "loggers": {name: {"level": "WARNING"} for name in ("onnx_ir", "onnxscript")},  # noisy
        "root": {"handlers": ["console"], "level": level},
    }
