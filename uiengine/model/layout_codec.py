"""Codes layouts that people made as tokens, and decodes tokens to boxes.

A version may have a *layout part*: an encoder (a layout to a latent), its own residual codes and a
decoder (a latent and the page's kinds to an order and sizes). Its files are opened at the first
use, because no decision about a visit needs them. N: slots (`layout_slots`); C: latents; Z: their
width.
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
"""Files of the layout part in a version's folder."""
ENCODER_INPUTS = ("kind", "text", "slot", "place")
DECODER_INPUTS = ("kind", "text", "slot", "latent")
DECODER_OUTPUTS = ("order", "width", "height", "span")
AT = "grid"
CELL_PX = 24
"""Pixels per column and row; one cell is a touch target, so no box is enlarged."""

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]


class Graph(Protocol):
    """A loaded network (`onnxruntime.InferenceSession`)."""

    def run(self, names: Sequence[str], feed: Mapping[str, npt.NDArray[Any]]) -> Any: ...


class LayoutLogits(NamedTuple):
    """Decoder outputs for C latents.

    order: (C, N), higher = nearer the top; width, height: logits of the classes, (C, N, ·); span:
    logits of the share of columns used, (C, ·).
    """

    order: Singles
    width: Singles
    height: Singles
    span: Singles

    def sized_order(self, row: int) -> SizedOrder:
        """Returns the most likely classes of one latent."""
        return SizedOrder(
            self.order[row].astype(np.float64),
            self.width[row].argmax(-1),
            self.height[row].argmax(-1),
            int(self.span[row].argmax()),
        )


class SizedOrder(NamedTuple):
    """An order of the slots, the size of each, and the width that the page uses.

    score: (N,), higher = nearer the top; width, height: (N,), indices of size classes, see WIDTHS
    and HEIGHTS of `layout_slots`; span: index in its SPANS.
    """

    score: Floats
    width: Ints
    height: Ints
    span: int


@dataclass
class LayoutCodec:
    """A version's layout part.

    kinds: its known kinds, numbered from 1; codes_in_use: by stage; read: returns a file's checked
    content by name; open_graph: loads a network from its content.
    """

    kinds: Mapping[str, int]
    codes_in_use: tuple[int, ...]
    read: Callable[[str], bytes]
    open_graph: Callable[[bytes], Graph]

    @cached_property
    def codes(self) -> Singles:
        """The code vectors, (stages, codes, Z)."""
        return np.asarray(np.load(io.BytesIO(self.read(CODES)), allow_pickle=False))

    @cached_property
    def _encoder(self) -> Graph:
        return self.open_graph(self.read(ENCODER))

    @cached_property
    def _decoder(self) -> Graph:
        return self.open_graph(self.read(DECODER))

    def latent(self, kinds: Sequence[str], columns: int, place: Singles) -> Singles:
        """Encodes a whole layout, (Z,). place: (N, ·), features of each slot's box."""
        feed = {**self._slots(kinds, columns), "place": place}
        return np.asarray(self._encoder.run(["latent"], feed)[0])

    def decode(self, kinds: Sequence[str], columns: int, latents: Singles) -> LayoutLogits:
        """Decodes each latent, (C, Z), on a page of these slots."""
        feed = {**self._slots(kinds, columns), "latent": latents}
        return LayoutLogits(*self._decoder.run(DECODER_OUTPUTS, feed))

    def summed(self, tokens: Sequence[int]) -> Singles:
        """Sums the codes of tokens to a latent, (Z,); zeros without tokens."""
        total = np.zeros(self.codes.shape[2], dtype=np.float32)
        for stage, token in enumerate(tokens):
            total += self.codes[stage, token]
        return total

    def sized_order(
        self, kinds: Sequence[str], columns: int, tokens: Sequence[int] = ()
    ) -> SizedOrder:
        """Decodes tokens to the most likely order and sizes of the page's slots.

        Without tokens, it decodes from the kinds and columns alone. kinds: in alphabetical order.
        """
        return self.decode(kinds, columns, self.summed(tokens)[None]).sized_order(0)

    def boxes(self, kinds: Sequence[str], columns: int, tokens: Sequence[int] = ()) -> Floats:
        """Decodes to boxes, (N, 4): x, y, w, h in cells. The decoder gets nothing but these
        arguments."""
        return place(self.sized_order(kinds, columns, tokens), columns)

    def _slots(self, kinds: Sequence[str], columns: int) -> dict[str, npt.NDArray[Any]]:
        return {
            "kind": np.array([self.kinds.get(kind, 0) for kind in kinds], dtype=np.int64),
            "text": np.stack([kind_text(kind) for kind in kinds]),
            "slot": slot_features(kinds, columns),
        }


def place(sized_order: SizedOrder, columns: int) -> Floats:
    """Packs slots into boxes, (N, 4), by the engine's packing. Equal scores keep the slots'
    order."""
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
