"""What folding spares a decision's graphs, and what bins cost them, in turns in one process.

    python -m tests.evidence.graph_times [--bins 0 4 8]

Random weights: time does not depend on them. *plain*: the networks without bins, exported as they
are written. Processor time of one thread, a request of one person and 20 blocks, and 32 of them.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping, Sequence

import numpy as np
import torch

from ml.learning.loop import Fitted
from ml.learning.networks import Codec
from ml.learning.residual_vq import ResidualQuantiser
from ml.learning.settings import Settings
from ml.versions.folded import FoldedDecoder, FoldedEncoder
from ml.versions.onnx_export import DecoderGraph, EncoderGraph, export_graph
from ml.versions.onnx_parity import open_graph, random_inputs
from uiengine.model.version import DECODER_INPUTS, DECODER_OUTPUTS, ENCODER_INPUTS

ROUNDS, RUNS, WARM = 60, 100, 5
BLOCKS = 20


def random_fit(bins: int) -> Fitted:
    torch.manual_seed(0)
    settings = Settings(bins=bins)
    kinds = {f"kind {number}": number for number in range(1, 18)}
    codec = Codec(len(kinds), settings).eval()
    return Fitted(codec, ResidualQuantiser(settings), kinds, settings)


def exported(fitted: Fitted, *, is_folded: bool) -> dict[str, bytes]:
    """Returns the two graphs by name."""
    example = random_inputs(fitted, 3, 7, np.random.default_rng(0))
    encoder, decoder = EncoderGraph(fitted.codec), DecoderGraph(fitted.codec)
    if is_folded:
        encoder, decoder = FoldedEncoder(fitted.codec), FoldedDecoder(fitted.codec)
    return {
        "encoder": export_graph(encoder, ENCODER_INPUTS, ("latent",), example),
        "decoder": export_graph(decoder, DECODER_INPUTS, DECODER_OUTPUTS, example),
    }


def in_turns(graphs: Sequence[bytes], inputs: Mapping[str, np.ndarray], runs: int) -> list[float]:
    """Returns the median microseconds of processor time of a run of each graph."""
    sessions = [open_graph(graph) for graph in graphs]
    times: list[list[float]] = [[] for _ in graphs]
    for _ in range(ROUNDS):
        for session, found in zip(sessions, times, strict=True):
            for _ in range(WARM):
                session.run(None, dict(inputs))
            began = time.process_time()
            for _ in range(runs):
                session.run(None, dict(inputs))
            found.append((time.process_time() - began) / runs * 1e6)
    return [round(float(np.median(found)), 1) for found in times]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.evidence.graph_times")
    parser.add_argument("--bins", type=int, nargs="+", default=[0, 4, 8])
    options = parser.parse_args()
    made = {"plain": exported(random_fit(0), is_folded=False)}
    made |= {f"{b} bins": exported(random_fit(b), is_folded=True) for b in options.bins}
    for people in (1, 32):
        inputs = random_inputs(random_fit(0), people, BLOCKS, np.random.default_rng(1))
        for name, wanted in (("encoder", ENCODER_INPUTS), ("decoder", DECODER_INPUTS)):
            graphs = [files[name] for files in made.values()]
            times = in_turns(graphs, {n: inputs[n] for n in wanted}, max(RUNS // people, 10))
            line = {"graph": name, "people": people, "blocks": BLOCKS}
            print(json.dumps({**line, "microseconds": dict(zip(made, times, strict=True))}))


if __name__ == "__main__":
    main()
