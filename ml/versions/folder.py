"""Writes a version folder: graphs, codes, weights, card and manifest."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import torch

from ml.learning.loop import Fitted
from ml.learning.residual_vq import ResidualQuantiser
from ml.versions.folded import FoldedDecoder, FoldedEncoder
from ml.versions.footprint import hardware, latency
from ml.versions.int8 import quantise_int8
from ml.versions.onnx_export import DecoderGraph, EncoderGraph, export_graph
from ml.versions.onnx_parity import check_parity, random_inputs
from uiengine.model.version import DECODER_INPUTS, DECODER_OUTPUTS, ENCODER_INPUTS
from uiengine.model.version_folder import FORMAT

SHAPES = ((1, 1), (1, 5), (3, 8), (16, 11), (5, 40))
"""Batch sizes and numbers of blocks for the parity checks."""

TIMED_BLOCKS = 12
"""Number of blocks for the latency measurement."""


@dataclass(frozen=True)
class ExportedLayouts:
    """A version's layout part: its files by name, its manifest entry and its card entry."""

    files: Mapping[str, bytes]
    facts: Mapping[str, Any]
    card: Mapping[str, Any]


def write_version(
    out: Path,
    fitted: Fitted,
    codebook: Mapping[str, Any],
    card: dict[str, Any],
    *,
    surfaces: Sequence[str],
    default_orders: Mapping[str, Sequence[str]],
    priors: Mapping[str, Mapping[str, Sequence[float]]],
    own_visits: Mapping[str, float] = MappingProxyType({}),
    layouts: ExportedLayouts | None = None,
    cases: Sequence[dict[str, np.ndarray]] = (),
    seed: int = 0,
) -> dict[str, Any]:
    """Exports the graphs, checks parity and writes the folder `out`; returns the card.

    Args:
        codebook: the manifest's entry on the codebook.
        own_visits: per surface, visits of one's own that weigh as much as the networks.
        layouts: the layout part, if any.
        cases: decoder inputs that int8 is judged on, in addition to random ones.

    Raises:
        ExportError: a graph differs from torch; then nothing is written.
    """
    generator = np.random.default_rng(seed)
    random = [random_inputs(fitted, b, n, generator) for b, n in SHAPES]
    example = random_inputs(fitted, 3, 7, generator)
    files, parity = _graphs(fitted, example, random)
    out.mkdir(parents=True, exist_ok=True)
    small, int8 = quantise_int8(files["decoder.onnx"], [*random, *cases], out)
    if int8["shipped"]:
        files["decoder.int8.onnx"] = small
    files["codes.npy"] = codes_file(fitted.quantiser)
    sizes = {name: len(content) for name, content in files.items()}
    card = {**card, "parity": parity, "int8": int8, "bytes": sizes, "decoder": "decoder.onnx"}
    one = random_inputs(fitted, 1, TIMED_BLOCKS, generator)
    card |= {"latency": latency(files, one), "hardware": hardware()}
    files["weights.pt"] = _weights(fitted)
    manifest = {
        "format": FORMAT,
        "surfaces": sorted(surfaces),
        "default_orders": {s: list(o) for s, o in default_orders.items()},
        "priors": {s: dict(p) for s, p in priors.items()},
        "own_visits": dict(own_visits),
        "kinds": list(fitted.kinds),
        "codebook": dict(codebook),
        "decoder": "decoder.onnx",
    }
    return write_folder(out, files, card, manifest, layouts)


def _graphs(
    fitted: Fitted,
    example: dict[str, np.ndarray],
    cases: Sequence[dict[str, np.ndarray]],
) -> tuple[dict[str, bytes], dict[str, float]]:
    """Exports encoder and decoder, folded, and checks them against the networks; returns the files
    and the differences."""
    encoder = EncoderGraph(fitted.codec).eval()
    decoder = DecoderGraph(fitted.codec, fitted.calibration).eval()
    folded = FoldedEncoder(fitted.codec), FoldedDecoder(fitted.codec, fitted.calibration)
    files = {
        "encoder.onnx": export_graph(folded[0], ENCODER_INPUTS, ["latent"], example),
        "decoder.onnx": export_graph(folded[1], DECODER_INPUTS, DECODER_OUTPUTS, example),
    }
    parity = {
        "encoder": check_parity(files["encoder.onnx"], encoder, ENCODER_INPUTS, cases),
        "decoder": check_parity(files["decoder.onnx"], decoder, DECODER_INPUTS, cases),
    }
    return files, parity


def write_folder(
    out: Path,
    files: Mapping[str, bytes],
    card: Mapping[str, Any],
    manifest: Mapping[str, Any],
    layouts: ExportedLayouts | None,
) -> dict[str, Any]:
    """Writes files, card and manifest; returns the card with the version's id.

    The id is a hash of everything but the card, whose timings differ between runs.
    """
    card, files, said = dict(card), dict(files), {**manifest}
    if layouts is not None:
        files |= layouts.files
        said["layouts"], card["layouts"] = dict(layouts.facts), dict(layouts.card)
    files["card.json"] = _json(card)
    said["files"] = {name: hashlib.sha256(c).hexdigest() for name, c in files.items()}
    lasting = {n: d for n, d in said["files"].items() if n != "card.json"}
    said["id"] = hashlib.sha256(_json({**said, "files": lasting})).hexdigest()[:12]
    out.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (out / name).write_bytes(content)
    (out / "manifest.json").write_bytes(_json(said))
    return {**card, "id": said["id"]}


def add_file(folder: Path, added: str, content: bytes) -> str:
    """Adds or exchanges a file of a version folder; returns the id that the version has then."""
    manifest = json.loads((folder / "manifest.json").read_bytes())
    names = [name for name in manifest.pop("files") if name not in ("card.json", added)]
    files = {name: (folder / name).read_bytes() for name in names}
    card = json.loads((folder / "card.json").read_bytes())
    del manifest["id"]
    files[added] = content
    return str(write_folder(folder, files, card, manifest, None)["id"])


def codes_file(quantiser: ResidualQuantiser) -> bytes:
    """Serialises the codes, (stages, largest number of codes in use, latent), as .npy."""
    buffer = io.BytesIO()
    most = max(quantiser.codes_in_use)
    np.save(buffer, quantiser.codes[:, :most].numpy().astype(np.float32))
    return buffer.getvalue()


def _weights(fitted: Fitted) -> bytes:
    """Serialises the torch weights, from which another training can start."""
    buffer = io.BytesIO()
    torch.save(fitted.codec.state_dict(), buffer)
    return buffer.getvalue()


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()
