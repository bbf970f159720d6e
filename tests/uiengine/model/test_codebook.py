"""The nearest code is the same whichever and however many latents are encoded together."""

from __future__ import annotations

import numpy as np

from uiengine.model.codebook import Codebook

CODES, LATENTS = 64, 400


def test_tokens_do_not_depend_on_how_many_latents_are_encoded_together():
    rng = np.random.default_rng(0)
    codes = rng.normal(size=(1, CODES, 32)).astype(np.float32)
    book = Codebook(codes, (CODES,), variance=1.0, seconds_per_error=1.0, seconds_per_bit=1e-9)
    one, other = rng.integers(0, CODES, (2, LATENTS))
    # nearer to the other code by less than products of 32 bits are rounded
    halfway = np.float32(0.5 + 1e-7)
    latents = codes[0, one] + (codes[0, other] - codes[0, one]) * halfway

    together = book.encode(latents, [1] * LATENTS)

    for size in (1, 2, 5):
        for first in range(0, LATENTS, size):
            some = latents[first : first + size]
            assert book.encode(some, [1] * len(some)) == together[first : first + size]
