"""A fitted codec over many examples at once: through tokens, or through the latent itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from ml.learning.examples import Examples
from ml.learning.loop import Fitted
from ml.learning.networks import Batch, Decoded
from ml.versions.card import codebook_facts
from uiengine.model.codebook import TOKEN_BITS, Codebook

PART = 8192
"""Examples per pass."""


@dataclass(frozen=True)
class Shares:
    """Scores per block, (V, N). tokens: from the tokens alone; eager: with the recency side input.
    used: tokens spent per example, (V,)."""

    tokens: np.ndarray
    eager: np.ndarray
    used: np.ndarray


def codebook(fitted: Fitted, examples: Examples, seed: int) -> Codebook:
    """What would be exported: the codes, and what an error and a bit cost on these examples."""
    return codebook_facts(fitted, examples, seed)[1]


@torch.no_grad()
def latents(fitted: Fitted, examples: Examples) -> np.ndarray:
    """(V, Z), before the codebook."""
    parts = torch.arange(len(examples)).split(PART)
    return torch.cat([fitted.codec.encode(examples.at(p)) for p in parts]).numpy()


def tokens_of(
    book: Codebook, latent: np.ndarray, examples: Examples, bits: int
) -> list[tuple[int, ...]]:
    """As served: at most `bits`, the one innate token for those without a visit."""
    is_new = examples.inputs.context[:, 1].numpy() > 0
    return book.encode(latent, np.where(is_new, 1, max(bits // TOKEN_BITS, 1)).tolist())


def through_tokens(fitted: Fitted, book: Codebook, examples: Examples, bits: int = 64) -> Shares:
    tokens = tokens_of(book, latents(fitted, examples), examples, bits)
    used = np.array([len(t) for t in tokens])
    return decode(fitted, book.decode(tokens), examples, used)


def through_latent(fitted: Fitted, examples: Examples) -> Shares:
    """Without any quantising: 32 floats a user."""
    return decode(fitted, latents(fitted, examples), examples, np.zeros(len(examples)))


@torch.no_grad()
def decode(fitted: Fitted, latent: np.ndarray, examples: Examples, used: np.ndarray) -> Shares:
    alone, beside = [], []
    for rows in torch.arange(len(examples)).split(PART):
        batch: Batch = examples.at(rows)
        found: Decoded = fitted.codec.decode(torch.from_numpy(latent[rows.numpy()]), batch)
        alone.append(found.share.numpy())
        beside.append(found.side_share.numpy())
    return Shares(np.concatenate(alone), np.concatenate(beside), used)
