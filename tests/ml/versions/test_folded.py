"""Graphs from folded weights answer as the networks do, in fewer operations."""

from dataclasses import replace

import numpy as np
import onnx
import pytest
import torch

from ml.learning.calibration import Calibration, Line
from ml.learning.loop import Fitted
from ml.learning.networks import Batch, Codec
from ml.learning.residual_vq import ResidualQuantiser
from ml.learning.settings import Settings
from ml.versions.folded import FoldedDecoder, FoldedEncoder
from ml.versions.onnx_export import DecoderGraph, EncoderGraph, export_graph
from ml.versions.onnx_parity import check_parity, random_inputs
from uiengine.model.version import DECODER_INPUTS, DECODER_OUTPUTS, ENCODER_INPUTS

SHAPES = ((3, 7), (1, 1), (1, 20), (16, 9))
LINES = Calibration(Line(0.5, -0.25), Line(2.0, 1.0))


def scattered(bins: int) -> Fitted:
    """Networks none of whose weights is 0, as it is of some before training."""
    settings = replace(Settings(), bins=bins)
    torch.manual_seed(0)
    codec = Codec(5, settings).eval()
    with torch.no_grad():
        for weight in codec.parameters():
            weight += 0.1 * torch.randn_like(weight)
    kinds = {kind: number for number, kind in enumerate("abcde", 1)}
    fitted = Fitted(codec, ResidualQuantiser(settings), kinds, settings)
    inputs = random_inputs(fitted, 64, 9, np.random.default_rng(1))
    codec.learn_bins(Batch(**{name: torch.from_numpy(inputs[name]) for name in Batch._fields}))
    return fitted


@pytest.mark.parametrize(("bins", "calibration"), [(0, Calibration()), (4, LINES)])
def test_folded_graphs_answer_as_the_networks_do_in_fewer_operations(bins, calibration):
    """Even with bins, fewer than the networks without bins as they are written."""
    fitted, plain = scattered(bins), scattered(0)
    generator = np.random.default_rng(0)
    cases = [random_inputs(fitted, *shape, generator) for shape in SHAPES]
    encoder, decoder = EncoderGraph(fitted.codec), DecoderGraph(fitted.codec, calibration)
    folded = FoldedEncoder(fitted.codec), FoldedDecoder(fitted.codec, calibration)
    for made, networks, written, names, outputs in (
        (folded[0], encoder, EncoderGraph(plain.codec), ENCODER_INPUTS, ("latent",)),
        (folded[1], decoder, DecoderGraph(plain.codec), DECODER_INPUTS, DECODER_OUTPUTS),
    ):
        content = export_graph(made, names, outputs, cases[0])
        assert check_parity(content, networks.eval(), names, cases) <= 1e-5
        assert operations(content) < operations(export_graph(written, names, outputs, cases[0]))


def operations(graph: bytes) -> int:
    return len(onnx.load_from_string(graph).graph.node)


def test_a_person_without_visits_has_the_innate_latent():
    fitted = scattered(4)
    inputs = random_inputs(fitted, 4, 5, np.random.default_rng(2))
    inputs["context"][:, 1] = [0, 1, 0, 1]
    with torch.no_grad():
        latents = FoldedEncoder(fitted.codec)(
            *(torch.from_numpy(inputs[n]) for n in ENCODER_INPUTS)
        )
    is_innate = (latents == fitted.codec.encoder.innate).all(1)
    assert is_innate.tolist() == [False, True, False, True]
