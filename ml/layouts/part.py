"""The layout part of a version folder: training, export, parity checks and copying.

`learn_layouts` serves `ml.train`, `ml.replay` and `ml.codec`; versions trained from another version
copy its layout part byte by byte.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ml.data.errors import BadValue, DataError
from ml.layouts.loop import WHOLE, Effort, FittedLayouts, fit_layouts
from ml.layouts.networks import LayoutCodec, Slots, slots_of
from ml.layouts.records import Record, place_features, targets, to_record
from ml.progress import Progress
from ml.versions.folder import ExportedLayouts, codes_file, write_folder
from ml.versions.onnx_export import to_onnx
from ml.versions.onnx_parity import check_parity
from uiengine.model.layout_codec import (
    CODES,
    DECODER,
    DECODER_INPUTS,
    DECODER_OUTPUTS,
    ENCODER,
    ENCODER_INPUTS,
    FILES,
)
from uiengine.model.layout_slots import GRIDS
from uiengine.model.version_folder import load_version

SHAPES = ((1, 1), (1, 5), (3, 8), (96, 11), (5, 120))
"""Numbers of latents and of layout slots for the parity checks."""


class LayoutEncoderGraph(nn.Module):
    """Encodes one layout of N slots to its latent, (Z,)."""

    def __init__(self, codec: LayoutCodec) -> None:
        super().__init__()
        self.codec = codec

    def forward(self, kind: Tensor, text: Tensor, slot: Tensor, place: Tensor) -> Tensor:
        return self.codec.encode(_slots(kind, text, slot), place[None])[0]


class LayoutDecoderGraph(nn.Module):
    """Decodes C latents on one page of N slots, which is embedded once."""

    def __init__(self, codec: LayoutCodec) -> None:
        super().__init__()
        self.codec = codec

    def forward(self, kind: Tensor, text: Tensor, slot: Tensor, latent: Tensor) -> Any:
        slots = _slots(kind, text, slot)
        return tuple(self.codec.decode_embedded(*self.codec.embed(slots), slots.mask, latent))


def _slots(kind: Tensor, text: Tensor, slot: Tensor) -> Slots:
    return Slots(kind[None], text[None], slot[None], torch.ones_like(slot[None, :, 0]))


def learn_layouts(
    records: Sequence[Record],
    *,
    seed: int = 0,
    effort: Effort = WHOLE,
    progress: Progress = lambda share, text: None,
) -> ExportedLayouts:
    """Trains and exports a layout part. Raises DataError if no record has an item."""
    begin = time.perf_counter()
    used = [record for record in records if record.kinds]
    if not used:
        problem = BadValue("layouts", 0, "items", "none", "needs a layout with an item")
        raise DataError([problem])
    fitted = fit_layouts(used, seed=seed, effort=effort, progress=progress)
    return export_layouts(
        fitted,
        layouts=len(used),
        blocks=sum(len(record.kinds) for record in used),
        seed=seed,
        threads=torch.get_num_threads(),
        seconds=round(time.perf_counter() - begin, 1),
    )


def export_layouts(fitted: FittedLayouts, **training: Any) -> ExportedLayouts:
    """Exports a trained layout codec. training: the card's entry on its training.

    Raises ExportError where ONNX and torch differ.
    """
    generator = np.random.default_rng(0)
    cases = [_random_inputs(fitted, c, n, generator) for c, n in SHAPES]
    encoder, decoder = LayoutEncoderGraph(fitted.codec), LayoutDecoderGraph(fitted.codec)
    latents, blocks = torch.export.Dim("latents"), torch.export.Dim("blocks")
    shapes = {name: {0: blocks} for name in ENCODER_INPUTS} | {"latent": {0: latents}}
    files = {
        name: to_onnx(graph, inputs, outputs, cases[2], {n: shapes[n] for n in inputs})
        for name, graph, inputs, outputs in (
            (ENCODER, encoder, ENCODER_INPUTS, ("latent",)),
            (DECODER, decoder, DECODER_INPUTS, DECODER_OUTPUTS),
        )
    }
    parity = {
        "encoder": check_parity(files[ENCODER], encoder, ENCODER_INPUTS, cases, is_relative=True),
        "decoder": check_parity(files[DECODER], decoder, DECODER_INPUTS, cases, is_relative=True),
    }
    files[CODES] = codes_file(fitted.quantiser)
    in_use = list(fitted.quantiser.codes_in_use)
    return ExportedLayouts(
        files,
        {"kinds": list(fitted.kinds), "slots": in_use},
        {
            "latent": fitted.settings.latent,
            "tokens": fitted.settings.stages,
            "slots": in_use,
            "kinds": len(fitted.kinds),
            "parity": parity,
            "bytes": {name: len(content) for name, content in files.items()},
            "training": training,
        },
    )


def _random_inputs(
    fitted: FittedLayouts, latents: int, blocks: int, generator: np.random.Generator
) -> dict[str, np.ndarray]:
    """Draws inputs of both graphs from a random layout and random tokens."""
    latent = np.zeros((latents, fitted.settings.latent), dtype=np.float32)
    for stage, used in enumerate(fitted.quantiser.codes_in_use):
        codes = fitted.quantiser.codes[stage].numpy()
        latent += codes[generator.integers(0, used, size=latents)]
    kinds, columns = [*fitted.kinds, "unknown"], int(generator.choice(GRIDS))
    boxes = generator.integers(1, columns // 2 + 1, size=(blocks, 4)).tolist()
    record = to_record(
        {
            "columns": columns,
            "items": [
                {
                    "kind": kinds[generator.integers(len(kinds))],
                    **dict(zip("xywh", box, strict=True)),
                }
                for box in boxes
            ],
        }
    )
    slots_in = slots_of([record.kinds], [columns], fitted.kinds)
    return {
        **{name: getattr(slots_in, name)[0].numpy() for name in ("kind", "text", "slot")},
        "place": place_features(record, targets(record)),
        "latent": latent,
    }


def carried(folder: Path) -> ExportedLayouts | None:
    """Reads and checks the layout part of a version folder; None if it has none."""
    part = load_version(folder).layouts
    if part is None:
        return None
    manifest, card = (_read_json(folder / name) for name in ("manifest.json", "card.json"))
    files = {name: part.read(name) for name in FILES}
    return ExportedLayouts(files, manifest["layouts"], card["layouts"])


def with_layouts(base: Path, layouts: ExportedLayouts, out: Path) -> dict[str, Any]:
    """Copies the version in `base` to `out` with another layout part; returns the card.

    Raises VersionError where `base` is damaged.
    """
    load_version(base)
    manifest, card = (_read_json(base / name) for name in ("manifest.json", "card.json"))
    names = set(manifest["files"]) - {*FILES, "card.json"}
    files = {name: (base / name).read_bytes() for name in sorted(names)}
    kept = {key: value for key, value in manifest.items() if key not in ("files", "id")}
    return write_folder(out, files, card, kept, layouts)


def _read_json(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_bytes()))
