"""Codes many examples at once with a fitted codec: through tokens, or from the raw latent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from ml.learning.examples import Examples
from ml.learning.loop import Fitted
from ml.learning.networks import Batch, Prediction
from ml.versions.card import codebook_facts
from uiengine.model.codebook import TOKEN_BITS, Codebook

PART = 8192
"""Examples per pass."""


@dataclass(frozen=True)
class Shares:
    """Scores per block, (V, N).

    tokens: decoded without the recency side input; eager: with it. used: (V,), tokens per example.
    """

    tokens: np.ndarray
    eager: np.ndarray
    used: np.ndarray


def codebook(fitted: Fitted, examples: Examples, seed: int) -> Codebook:
    """Returns the codebook as exported: codes, and costs of an error and of a bit."""
    return codebook_facts(fitted, examples, seed).book


@torch.no_grad()
def latents(fitted: Fitted, examples: Examples) -> np.ndarray:
    """Encodes the examples to (V, Z), before quantisation."""
    parts = torch.arange(len(examples)).split(PART)
    return torch.cat([fitted.codec.encode(examples.at(p)) for p in parts]).numpy()


def tokens_of(
    book: Codebook, latent: np.ndarray, examples: Examples, bits: int
) -> list[tuple[int, ...]]:
    """Encodes as served: at most `bits`, and one innate token for people without a visit."""
    return book.encode(latent, np.where(examples.is_first, 1, max(bits // TOKEN_BITS, 1)).tolist())


def through_tokens(fitted: Fitted, book: Codebook, examples: Examples, bits: int = 64) -> Shares:
    tokens = tokens_of(book, latents(fitted, examples), examples, bits)
    used = np.array([len(t) for t in tokens])
    return decode(fitted, book.decode(tokens), examples, used)


def through_latent(fitted: Fitted, examples: Examples) -> Shares:
    """Decodes the unquantised latent: 32 floats per user."""
    return decode(fitted, latents(fitted, examples), examples, np.zeros(len(examples)))


@torch.no_grad()
def decode(fitted: Fitted, latent: np.ndarray, examples: Examples, used: np.ndarray) -> Shares:
    alone, beside = [], []
    for rows in torch.arange(len(examples)).split(PART):
        batch: Batch = examples.at(rows)
        found: Prediction = fitted.codec.decode(torch.from_numpy(latent[rows.numpy()]), batch)
        alone.append(found.share.numpy())
        beside.append(found.side_share.numpy())
    return Shares(np.concatenate(alone), np.concatenate(beside), used)
