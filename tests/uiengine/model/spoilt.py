"""Copies of a version whose networks, real ONNX files, answer NaN or infinity, or take long."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

MANY = 1.5
"""Of the context, whose first column is log(1 + visits) / 3: reached by 90 visits. The probe's
made-up subjects have 40 at most."""
LONG_AGO = 1.3
"""Of its third column, log(1 + days since the last visit) / 3: 49 days; the probe has one."""

Spoil = Callable[[onnx.ModelProto, str], None]
"""Changes a graph in place, so that its named output is another."""


def spoilt(folder: Path, into: Path, graph: str, output: str, spoil: Spoil) -> Path:
    """Copies a version with one output of one graph changed, under a manifest that fits.

    graph: encoder, decoder, layout_encoder or layout_decoder.
    """
    shutil.copytree(folder, into)
    file = into / f"{graph}.onnx"
    model = onnx.load(file)
    spoil(model, output)
    onnx.checker.check_model(model)
    file.write_bytes(model.SerializeToString())
    manifest = json.loads((into / "manifest.json").read_text())
    manifest["files"][file.name] = hashlib.sha256(file.read_bytes()).hexdigest()
    manifest["id"] = hashlib.sha256(file.read_bytes()).hexdigest()[:12]
    (into / "manifest.json").write_text(json.dumps(manifest))
    return into


def always(value: float) -> Spoil:
    """Adds the value to every number of the output."""

    def spoil(model: onnx.ModelProto, output: str) -> None:
        inner = _renamed(model, output)
        _constant(model, "spoilt", np.float32(value))
        model.graph.node.append(helper.make_node("Add", [inner, "spoilt"], [output]))

    return spoil


def for_some(value: float, above: float = MANY) -> Spoil:
    """Adds the value for a batch with a subject whose largest context column is above a limit."""

    def spoil(model: onnx.ModelProto, output: str) -> None:
        inner = _renamed(model, output)
        _constant(model, "spoilt", np.float32(value))
        _constant(model, "zero", np.float32(0))
        _constant(model, "many", np.float32(above))
        model.graph.node.extend(
            [
                helper.make_node("ReduceMax", ["context"], ["largest"], keepdims=0),
                helper.make_node("Greater", ["largest", "many"], ["is_many"]),
                helper.make_node("Where", ["is_many", "spoilt", "zero"], ["added"]),
                helper.make_node("Add", [inner, "added"], [output]),
            ]
        )

    return spoil


def slow(rounds: int, width: int = 512) -> Spoil:
    """Multiplies matrices in a Loop before it answers, the very numbers it would have answered."""

    def spoil(model: onnx.ModelProto, output: str) -> None:
        inner = _renamed(model, output)
        rows = np.random.default_rng(0).normal(size=(width, width)) / np.sqrt(width)
        _constant(model, "matrix", rows.astype(np.float32))
        _constant(model, "rounds", np.int64(rounds))
        _constant(model, "zero", np.float32(0))
        _constant(model, "yes", np.bool_(True))
        body = helper.make_graph(
            [
                helper.make_node("MatMul", ["left", "matrix"], ["product"]),
                helper.make_node("Identity", ["on"], ["still"]),
            ],
            "body",
            [
                helper.make_tensor_value_info("i", TensorProto.INT64, []),
                helper.make_tensor_value_info("on", TensorProto.BOOL, []),
                helper.make_tensor_value_info("left", TensorProto.FLOAT, [width, width]),
            ],
            [
                helper.make_tensor_value_info("still", TensorProto.BOOL, []),
                helper.make_tensor_value_info("product", TensorProto.FLOAT, [width, width]),
            ],
        )
        model.graph.node.extend(
            [
                helper.make_node("Loop", ["rounds", "yes", "matrix"], ["end"], body=body),
                helper.make_node("ReduceMax", ["end"], ["most"], keepdims=0),
                helper.make_node("Mul", ["most", "zero"], ["nothing"]),
                helper.make_node("Add", [inner, "nothing"], [output]),
            ]
        )

    return spoil


def _renamed(model: onnx.ModelProto, output: str) -> str:
    """Renames what gives the output, so that another node can."""
    inner = f"{output}_inner"
    for node in model.graph.node:
        for names in (node.output, node.input):
            for i, name in enumerate(names):
                if name == output:
                    names[i] = inner
    return inner


def _constant(model: onnx.ModelProto, name: str, value: np.ndarray | np.generic) -> None:
    model.graph.initializer.append(numpy_helper.from_array(np.asarray(value), name))
