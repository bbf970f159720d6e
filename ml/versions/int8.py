"""Quantises a decoder to 8-bit weights, and judges whether it may ship."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from onnxruntime.quantization import QuantType, quantize_dynamic

from ml.versions.onnx_parity import open_graph, run_graph
from uiengine.model.version import DECODER_INPUTS

INT8_DEMAND, INT8_ORDER = 0.01, 0.99
"""int8 ships if demand differs by at most the first and the order agrees on this share of rows."""


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
        outputs = [run_graph(graph, DECODER_INPUTS, inputs) for graph in (float32, int8)]
        mask = inputs["mask"] > 0
        demand = [1 / (1 + np.exp(-out[3])) for out in outputs]
        worst = max(worst, float(np.abs(demand[0] - demand[1])[mask].max()))
        orders = [np.argsort(np.where(mask, -out[2], np.inf), 1, "stable") for out in outputs]
        same += int((orders[0] == orders[1]).all(axis=1).sum())
        count += len(mask)
    return worst, same / count
