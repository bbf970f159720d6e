"""Exports torch networks as ONNX graphs."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ml.learning.calibration import AS_TRAINED, Calibration, Line
from ml.learning.networks import Batch, Codec

OPSET = 20
"""ONNX operators of exported graphs. The exporter's default follows torch; an engine with an older
onnxruntime could then not read what a newer torch made. onnxruntime 1.20, the oldest, reads 21."""


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
