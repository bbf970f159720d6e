"""Networks treat blocks as a set: neither padding nor their order changes the output."""

from __future__ import annotations

import torch

from ml.learning.networks import Batch, Codec
from ml.learning.settings import Settings
from uiengine.features import CONTEXT, POPULARITY, SHAPE, TEXT_BUCKETS, USER


def random_batch(blocks: int) -> Batch:
    generator = torch.Generator().manual_seed(blocks)

    def drawn(*shape: int) -> torch.Tensor:
        return torch.randn(4, *shape, generator=generator)

    codes = torch.randint(0, 3, (4, blocks), generator=generator)
    context = drawn(CONTEXT)
    context[:, 1] = 0  # no newcomers
    features = (drawn(blocks, n) for n in (TEXT_BUCKETS, SHAPE, USER, POPULARITY))
    return Batch(codes, *features, torch.ones(4, blocks), context, codes)


def padded(batch: Batch, more: int) -> Batch:
    def longer(rows: torch.Tensor) -> torch.Tensor:
        return torch.cat([rows, torch.zeros(len(rows), more, *rows.shape[2:], dtype=rows.dtype)], 1)

    rows = {name: longer(getattr(batch, name)) for name in Batch._fields if name != "context"}
    return Batch(**rows, context=batch.context)


def test_padding_changes_neither_latent_nor_what_is_decoded():
    torch.manual_seed(0)
    codec = Codec(3, Settings()).eval()
    # All activations are negative, so that a padded zero would be the maximum.
    torch.nn.init.constant_(codec.encoder.block[-1].bias, -3.0)
    batch = random_batch(5)
    with torch.no_grad():
        latent, wide = codec.encode(batch), codec.encode(padded(batch, 4))
        shares = codec.decode(latent, batch).side_share
        wider = codec.decode(latent, padded(batch, 4)).side_share[:, :5]

    torch.testing.assert_close(wide, latent)
    torch.testing.assert_close(wider, shares)
