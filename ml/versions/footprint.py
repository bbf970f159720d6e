"""Measures what a version costs to run: latency of its networks, memory, machine."""

from __future__ import annotations

import os
import platform
import resource
import sys
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from ml.versions.onnx_parity import open_graph
from uiengine.model.version import DECODER_INPUTS, ENCODER_INPUTS

WARM, TIMED = 20, 200
"""Warm-up runs and timed runs."""


def latency(files: Mapping[str, bytes], inputs: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Measures milliseconds per run of each graph on one thread, as in serving.

    inputs: one subject (batch 1) and its blocks. `python -m tests.bench` measures whole answers,
    which also pack, plan and sign.
    """
    found: dict[str, Any] = {
        "blocks": int(inputs["mask"].shape[1]),
        "batch": int(inputs["mask"].shape[0]),
        "runs": TIMED,
    }
    for name, wanted in (("encoder", ENCODER_INPUTS), ("decoder", DECODER_INPUTS)):
        times = _timed(files[f"{name}.onnx"], {n: inputs[n] for n in wanted})
        found[f"{name}_ms"] = {
            "median": round(float(np.median(times)), 4),
            "p95": round(float(np.quantile(times, 0.95)), 4),
        }
    return found


def _timed(content: bytes, inputs: Mapping[str, np.ndarray]) -> Sequence[float]:
    session = open_graph(content)
    for _ in range(WARM):
        session.run(None, dict(inputs))
    times = []
    for _ in range(TIMED):
        began = time.perf_counter()
        session.run(None, dict(inputs))
        times.append(1000 * (time.perf_counter() - began))
    return times


def hardware() -> dict[str, Any]:
    """Describes this machine and the peak memory of this process."""
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    divisor = 1024 if sys.platform != "darwin" else 1024**2
    return {
        "machine": platform.machine(),
        "processor": _processor(),
        "cores": os.cpu_count() or 1,
        "peak_memory_mib": round(kilobytes / divisor),
        "accelerator": "none was used",
        "python": platform.python_version(),
        **{name: version(name) for name in ("torch", "onnxruntime", "numpy")},
    }


def _processor() -> str:
    """Returns the processor's name from /proc/cpuinfo, elsewhere from `platform`."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    names = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(names, "unknown")
