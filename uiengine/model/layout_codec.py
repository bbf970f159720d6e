"""Layouts that people made: what a version learned of them, and the boxes it makes of tokens.

A version may hold a *layout part*: an encoder (a whole layout to a latent), its own residual codes
and a decoder (a latent and the page's kinds to an order and sizes). Its files are opened at the
first use: no decision about a visit needs them. N: slots (`slots`); C: latents; Z: their width.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from uiengine.model.layout_slots import HEIGHTS, WIDTHS, kind_text, slot_features, used_columns
from uiengine.page.layout import pack
from uiengine.page.surface import Block, Breakpoint, GuardrailSettings, Size, SizeLimits, Surface

ENCODER, DECODER, CODES = "layout_encoder.onnx", "layout_decoder.onnx", "layout_codes.npy"
FILES = (ENCODER, DECODER, CODES)
"""Of the layout part, in a version's folder."""
ENCODER_INPUTS = ("kind", "text", "slot", "place")
DECODER_INPUTS = ("kind", "text", "slot", "latent")
DECODER_OUTPUTS = ("order", "width", "height", "span")
AT = "grid"
CELL_PX = 24
"""Pixels per column and row, so that one cell is a touch target and nothing is enlarged."""

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]


class Graph(Protocol):
    """A loaded network (`onnxruntime.InferenceSession`)."""

    def run(self, names: Sequence[str], feed: Mapping[str, npt.NDArray[Any]]) -> Any: ...


class LayoutLogits(NamedTuple):
    """Of C latents. order: (C, N), higher = nearer the top; logits of the width and height
    classes, (C, N, ·), and of the share of the columns used, (C, ·)."""

    order: Singles
    width: Singles
    height: Singles
    span: Singles

    def sized_order(self, row: int) -> SizedOrder:
        """The likeliest classes of one latent."""
        return SizedOrder(
            self.order[row].astype(np.float64),
            self.width[row].argmax(-1),
            self.height[row].argmax(-1),
            int(self.span[row].argmax()),
        )


class SizedOrder(NamedTuple):
    """score: (N,), higher stands nearer the top; width, height: (N,) classes; span: in SPANS."""

    score: Floats
    width: Ints
    height: Ints
    span: int


@dataclass
class LayoutCodec:
    """kinds: those it knows, numbered from 1; codes_in_use: by stage; read: a file's
    checked content, by name; open_graph: a network from its content."""

    kinds: Mapping[str, int]
    codes_in_use: tuple[int, ...]
    read: Callable[[str], bytes]
    open_graph: Callable[[bytes], Graph]

    @cached_property
    def codes(self) -> Singles:
        """(stages, codes, Z)."""
        return np.asarray(np.load(io.BytesIO(self.read(CODES)), allow_pickle=False))

    @cached_property
    def _encoder(self) -> Graph:
        return self.open_graph(self.read(ENCODER))

    @cached_property
    def _decoder(self) -> Graph:
        return self.open_graph(self.read(DECODER))

    def latent(self, kinds: Sequence[str], columns: int, place: Singles) -> Singles:
        """(Z,) of a whole layout. place: (N, ·), what is known of each slot's box."""
        feed = {**self._slots(kinds, columns), "place": place}
        return np.asarray(self._encoder.run(["latent"], feed)[0])

    def say(self, kinds: Sequence[str], columns: int, latents: Singles) -> LayoutLogits:
        """What each latent, (C, Z), stands for on a page of these slots."""
        feed = {**self._slots(kinds, columns), "latent": latents}
        return LayoutLogits(*self._decoder.run(DECODER_OUTPUTS, feed))

    def summed(self, tokens: Sequence[int]) -> Singles:
        """The latent that tokens stand for, (Z,); zeros for none."""
        total = np.zeros(self.codes.shape[2], dtype=np.float32)
        for stage, token in enumerate(tokens):
            total += self.codes[stage, token]
        return total

    def sized_order(
        self, kinds: Sequence[str], columns: int, tokens: Sequence[int] = ()
    ) -> SizedOrder:
        """kinds: in alphabetical order. Without tokens: what descriptors alone give."""
        return self.say(kinds, columns, self.summed(tokens)[None]).sized_order(0)

    def boxes(self, kinds: Sequence[str], columns: int, tokens: Sequence[int] = ()) -> Floats:
        """(N, 4) of x, y, w, h in cells. All that the decoder is given is here."""
        return place(self.sized_order(kinds, columns, tokens), columns)

    def _slots(self, kinds: Sequence[str], columns: int) -> dict[str, npt.NDArray[Any]]:
        return {
            "kind": np.array([self.kinds.get(kind, 0) for kind in kinds], dtype=np.int64),
            "text": np.stack([kind_text(kind) for kind in kinds]),
            "slot": slot_features(kinds, columns),
        }


def place(sized_order: SizedOrder, columns: int) -> Floats:
    """Boxes (N, 4) by the engine's own packing, slots in the order given. Ties keep that order."""
    used = used_columns(columns, sized_order.span)
    shares = (sized_order.width + 1) / WIDTHS
    widths = np.clip(np.round(shares * used), 1, used).astype(int).tolist()
    heights = HEIGHTS[sized_order.height].astype(int).tolist()
    ids = [str(i) for i in range(len(widths))]
    at = Breakpoint(AT, CELL_PX * max(used, 14), used, 800)
    blocks = tuple(
        Block(name, "", "", {AT: SizeLimits(Size(w, h), Size(1, 1))})
        for name, w, h in zip(ids, widths, heights, strict=True)
    )
    surface = Surface(
        "layout", blocks, (at,), row_height=CELL_PX, guardrails=GuardrailSettings(min_target_px=24)
    )
    order = [ids[i] for i in np.argsort(-sized_order.score, kind="stable")]
    boxes = np.empty((len(ids), 4))
    for placed in pack(surface, order).placements[AT]:
        boxes[int(placed.id)] = placed.x, placed.y, placed.w, placed.h
    return boxes
