"""Exports torch networks as ONNX graphs and checks them against torch."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import Tensor, nn

from ml.learning.calibration import AS_TRAINED, Calibration, Line
from ml.learning.loop import Fitted
from ml.learning.networks import Batch, Codec
from uiengine.features import CONTEXT, POPULARITY, SHAPE, TEXT_BUCKETS, USER
from uiengine.model.version import DECODER_INPUTS

TOLERANCE = 1e-4
"""Largest accepted float32 difference between torch and ONNX outputs."""
OPSET = 20
"""ONNX operators of exported graphs. The exporter's default follows torch; an engine with an older
onnxruntime could then not read what a newer torch made. onnxruntime 1.20, the oldest, reads 21."""
INT8_DEMAND, INT8_ORDER = 0.01, 0.99
"""int8 ships if demand differs by at most the first and the order agrees on this share of rows."""


class ExportError(RuntimeError):
    """An exported graph does not compute what torch computes."""


class EncoderGraph(nn.Module):
    """The behaviour encoder with the input names of the exported graph."""

    def __init__(self, codec: Codec) -> None:
        super().__init__()
        self.codec = codec

    def forward(
        self,
        kind: Tensor,
        text: Tensor,
        shape: Tensor,
        user: Tensor,
        popularity: Tensor,
        mask: Tensor,
        context: Tensor,
    ) -> Tensor:
        batch = Batch(kind, text, shape, user, popularity, mask, context, kind)
        return self.codec.encode(batch)


class DecoderGraph(nn.Module):
    """The decoder with calibrated demand and the input names of the exported graph."""

    def __init__(self, codec: Codec, calibration: Calibration = AS_TRAINED) -> None:
        super().__init__()
        self.codec = codec
        self.calibration = calibration

    def forward(
        self,
        kind: Tensor,
        text: Tensor,
        shape: Tensor,
        latent: Tensor,
        popularity: Tensor,
        mask: Tensor,
        context: Tensor,
        recency: Tensor,
    ) -> tuple[Tensor, ...]:
        batch = Batch(kind, text, shape, popularity, popularity, mask, context, recency)
        decoded = self.codec.decode(latent, batch)
        return tuple(
            decoded._replace(
                demand=straightened(decoded.demand, self.calibration.tokens),
                side_demand=straightened(decoded.side_demand, self.calibration.side),
            )
        )


def straightened(logits: Tensor, line: Line) -> Tensor:
    """Applies a calibration line; the identity adds no operation to the graph."""
    return logits if line == Line() else line.slope * logits + line.intercept


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


def export_graph(
    graph: nn.Module, names: Sequence[str], outputs: Sequence[str], example: dict[str, np.ndarray]
) -> bytes:
    """Exports a graph whose batch size and number of blocks are free."""
    batch, blocks = torch.export.Dim("batch"), torch.export.Dim("blocks")
    fixed = ("latent", "context")
    shapes = {n: {0: batch} if n in fixed else {0: batch, 1: blocks} for n in names}
    return to_onnx(graph, names, outputs, example, shapes)


def to_onnx(
    graph: nn.Module,
    names: Sequence[str],
    outputs: Sequence[str],
    example: Mapping[str, np.ndarray],
    shapes: Mapping[str, Mapping[int, Any]],
) -> bytes:
    """Exports a graph to deterministic ONNX bytes. shapes: the free dimensions of each input."""
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter warns about its own internals
        program = torch.onnx.export(
            graph.eval(),
            args=tuple(torch.from_numpy(example[n]) for n in names),
            input_names=list(names),
            output_names=list(outputs),
            dynamic_shapes=dict(shapes),
            dynamo=True,
            opset_version=OPSET,
            verbose=False,
        )
    assert program is not None
    model = program.model_proto
    for node in model.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    return bytes(model.SerializeToString(deterministic=True))


def open_graph(content: bytes) -> onnxruntime.InferenceSession:
    """Opens a graph on one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def run_onnx(
    content: bytes, names: Sequence[str], inputs: Mapping[str, np.ndarray]
) -> list[np.ndarray]:
    """Runs a graph on one thread."""
    return _outputs(open_graph(content), names, inputs)


def _outputs(
    graph: onnxruntime.InferenceSession, names: Sequence[str], inputs: Mapping[str, np.ndarray]
) -> list[np.ndarray]:
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


def quantise_int8(
    content: bytes, cases: Sequence[dict[str, np.ndarray]], folder: Path
) -> tuple[bytes, dict[str, Any]]:
    """Quantises the decoder to 8-bit weights and measures its distance to float32.

    Its activations are scaled by the range of the whole batch, so a subject's answer depends on
    who shares the batch. Serving decodes one subject at a time; both forms are judged, and the
    worse one counts.
    """
    source, target = folder / ".float.onnx", folder / ".int8.onnx"
    source.write_bytes(content)
    level = logging.getLogger().level
    logging.getLogger().setLevel(logging.ERROR)  # it recommends pre-processing that is not needed
    try:
        quantize_dynamic(source, target, weight_type=QuantType.QInt8)
        small = target.read_bytes()
    finally:
        logging.getLogger().setLevel(level)
        source.unlink()
        target.unlink(missing_ok=True)
    alone = [{n: a[i : i + 1] for n, a in case.items()} for case in cases for i in _rows(case)]
    worst, share = 0.0, 1.0
    for form in (cases, alone):
        difference, same = _int8_difference(open_graph(content), open_graph(small), form)
        worst, share = max(worst, difference), min(share, same)
    ships = worst <= INT8_DEMAND and share >= INT8_ORDER
    facts = {"bytes": len(small), "demand_difference": worst, "same_order": share}
    return small, {**facts, "shipped": ships}


def _rows(case: Mapping[str, np.ndarray]) -> range:
    """Rows of a batch that are judged alone; a hundred of each batch tell enough."""
    return range(min(len(case["mask"]), 100))


def _int8_difference(
    float32: onnxruntime.InferenceSession,
    int8: onnxruntime.InferenceSession,
    cases: Sequence[Mapping[str, np.ndarray]],
) -> tuple[float, float]:
    """Returns the largest difference in demand, and the share of rows with an equal order."""
    worst, same, count = 0.0, 0, 0
    for inputs in cases:
        outputs = [_outputs(graph, DECODER_INPUTS, inputs) for graph in (float32, int8)]
        mask = inputs["mask"] > 0
        demand = [1 / (1 + np.exp(-out[3])) for out in outputs]
        worst = max(worst, float(np.abs(demand[0] - demand[1])[mask].max()))
        orders = [np.argsort(np.where(mask, -out[2], np.inf), 1, "stable") for out in outputs]
        same += int((orders[0] == orders[1]).all(axis=1).sum())
        count += len(mask)
    return worst, same / count
