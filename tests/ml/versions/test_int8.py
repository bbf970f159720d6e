"""The int8 decoder is judged as it would serve: one subject at a time, too."""

from __future__ import annotations

import io

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from ml.versions import int8
from ml.versions.onnx_parity import run_onnx

BLOCKS = 6


def decoder(generator: np.random.Generator) -> bytes:
    """A decoder of one matrix: (B, Z) latents to four outputs of (B, N), as many as ours has."""
    weights = generator.normal(size=(8, BLOCKS)).astype(np.float32)
    outputs = [f"out{i}" for i in range(4)]
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["latent", "w"], ["y"]),
            *(helper.make_node("Identity", ["y"], [name]) for name in outputs),
        ],
        "decoder",
        [helper.make_tensor_value_info("latent", TensorProto.FLOAT, ["batch", 8])],
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["batch", BLOCKS]) for n in outputs],
        [numpy_helper.from_array(weights, "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 9
    content = io.BytesIO()
    onnx.save(model, content)
    return content.getvalue()


@pytest.fixture
def cases() -> list[dict[str, np.ndarray]]:
    generator = np.random.default_rng(0)
    latent = generator.normal(size=(40, 8)).astype(np.float32)
    return [{"latent": latent, "mask": np.ones((40, BLOCKS), np.float32)}]


def test_the_worse_of_together_and_alone_counts(cases, monkeypatch, tmp_path):
    monkeypatch.setattr(int8, "DECODER_INPUTS", ["latent"])
    content = decoder(np.random.default_rng(1))
    rows = [{n: a[i : i + 1] for n, a in cases[0].items()} for i in range(40)]

    small, facts = int8.quantise_int8(content, cases, tmp_path)

    by_form = []
    for form in (cases, rows):
        same, far = 0, 0.0
        for case in form:
            exact, rounded = (run_onnx(c, ["latent"], case) for c in (content, small))
            same += sum(
                list(np.argsort(-a, kind="stable")) == list(np.argsort(-b, kind="stable"))
                for a, b in zip(exact[2], rounded[2], strict=True)
            )
            sigmoid = [1 / (1 + np.exp(-out[3])) for out in (exact, rounded)]
            far = max(far, float(np.abs(sigmoid[0] - sigmoid[1]).max()))
        by_form.append((same / 40, far))
    assert by_form[0] != by_form[1], "the two forms differ on these rows"
    assert facts["same_order"] == min(share for share, _ in by_form)
    assert facts["demand_difference"] == pytest.approx(max(far for _, far in by_form))
