"""Names the missing extra if training or auditing is requested without it."""

from __future__ import annotations

from importlib.util import find_spec

from django.core.management.base import CommandError

MODULES = (
    *("duckdb", "fairlearn", "onnx", "onnxscript", "pandas"),
    *("pyarrow", "scipy", "sklearn", "torch"),
)
"""Packages that the extra `ml` installs."""


def missing_sentence() -> str:
    """Names the missing packages and the extra; empty where all are installed."""
    missing = [name for name in MODULES if find_spec(name) is None]
    if not missing:
        return ""
    return (
        f"The extra 'ml' is not installed ({', '.join(missing)} missing): "
        "pip install 'uiengine[ml]'"
    )


def require_learning() -> None:
    """Raises CommandError in a process that cannot train or audit."""
    if sentence := missing_sentence():
        raise CommandError(sentence)
