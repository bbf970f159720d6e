"""Runs exported ONNX graphs, and checks that they compute what torch computes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import onnxruntime
import torch
from torch import nn

from ml.learning.loop import Fitted
from uiengine.features import CONTEXT, POPULARITY, SHAPE, TEXT_BUCKETS, USER

TOLERANCE = 1e-4
"""Largest accepted float32 difference between torch and ONNX outputs."""


class ExportError(RuntimeError):
    """An exported graph does not compute what torch computes."""


def random_inputs(
    fitted: Fitted, batch: int, blocks: int, generator: np.random.Generator
) -> dict[str, np.ndarray]:
    """Draws inputs of both graphs, with random tokens; the last row has one padded block."""
    mask = np.ones((batch, blocks), dtype=np.float32)
    if blocks > 1:
        mask[-1, -1] = 0

    def normal(*shape: int) -> np.ndarray:
        return generator.normal(size=shape).astype(np.float32)

    latent = np.zeros((batch, fitted.settings.latent), dtype=np.float32)
    for stage, used in enumerate(fitted.quantiser.codes_in_use):
        codes = fitted.quantiser.codes[stage].numpy()
        latent += codes[generator.integers(0, used, size=batch)]
    context = generator.uniform(size=(batch, CONTEXT)).astype(np.float32)
    context[:, 1] = generator.integers(0, 2, size=batch)
    return {
        "kind": generator.integers(0, len(fitted.kinds) + 1, size=(batch, blocks)),
        "text": np.abs(normal(batch, blocks, TEXT_BUCKETS)) / 8,
        "shape": generator.uniform(size=(batch, blocks, SHAPE)).astype(np.float32),
        "user": np.abs(normal(batch, blocks, USER)) * mask[..., None],
        "popularity": normal(batch, blocks, POPULARITY) * mask[..., None],
        "mask": mask,
        "context": context,
        "latent": latent,
        "recency": generator.integers(0, 16, size=(batch, blocks)),
    }


def open_graph(content: bytes) -> onnxruntime.InferenceSession:
    """Opens a graph on one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def run_onnx(
    content: bytes, names: Sequence[str], inputs: Mapping[str, np.ndarray]
) -> list[np.ndarray]:
    """Opens a graph and runs it; returns its outputs in their order."""
    return run_graph(open_graph(content), names, inputs)


def run_graph(
    graph: onnxruntime.InferenceSession, names: Sequence[str], inputs: Mapping[str, np.ndarray]
) -> list[np.ndarray]:
    """Runs an open graph on those of the inputs that it has names for."""
    return [np.asarray(out) for out in graph.run(None, {n: inputs[n] for n in names})]


def check_parity(
    content: bytes,
    graph: nn.Module,
    names: Sequence[str],
    cases: Sequence[Mapping[str, np.ndarray]],
    *,
    is_relative: bool = False,
) -> float:
    """Returns the largest difference between ONNX and torch over all cases.

    Args:
        is_relative: divide by the largest |value| of an output, where it is above 1, for outputs
            beyond the precision of float32.

    Raises:
        ExportError: the difference exceeds TOLERANCE.
    """
    worst = 0.0
    for inputs in cases:
        with torch.no_grad():
            wanted = graph(*(torch.from_numpy(inputs[n]) for n in names))
        wanted = wanted if isinstance(wanted, tuple) else (wanted,)
        is_decoder = "mask" in inputs and "latent" in names
        for want, have in zip(wanted, run_onnx(content, names, inputs), strict=True):
            size = max(float(want.abs().max()), 1.0) if is_relative else 1.0
            difference = np.abs(want.numpy() - have) / size
            real = difference[inputs["mask"] > 0] if is_decoder else difference
            worst = max(worst, float(real.max()))
    if not worst <= TOLERANCE:
        raise ExportError(
            f"parity: ONNX and torch differ by {worst:.2e}, more than {TOLERANCE:.0e}; "
            "nothing was written. Check for operations that the exporter translates differently"
        )
    return worst
