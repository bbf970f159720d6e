"""The card of a version: settings, bits, figures on training visits, and limits."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ml.learning.calibration import BINS, probabilities
from ml.learning.examples import Examples
from ml.learning.inputs import PART
from ml.learning.loop import Fitted
from uiengine.cost.coefficients import VALUES
from uiengine.features import RECENCY_BITS
from uiengine.model.codebook import TOKEN_BITS, Codebook

SAMPLE = 20_000
"""Largest number of examples behind the card's figures."""
LIMITS = (
    "Seconds are modelled from ranks, not measured.",
    "Size classes are the default ones: visits do not show sizes.",
    "All blocks of a file are taken as exposed: files of visits do not say what was seen.",
    "Figures here are on training visits; held-back ones come from ml.replay.",
)


def prefix_ranks(
    fitted: Fitted, examples: Examples, rows: Tensor, latents: Tensor
) -> tuple[np.ndarray, np.ndarray]:
    """Returns, for 0 to S tokens, the mean summed rank of used blocks and the squared error.

    latents: of the examples at `rows`, (R, Z).
    """
    ranks, errors = np.zeros((2, fitted.settings.stages + 1))
    codec = fitted.codec
    with torch.no_grad():
        for part, latent in zip(rows.split(PART), latents.split(PART), strict=True):
            batch, used = examples.at(part), examples.share[part] > 0
            seen, keys = codec.blocks(batch.kind, batch.text, batch.shape)
            for count, coded in enumerate(fitted.quantiser.prefixes(latent)):
                read, hidden = codec.decoder.opened(seen, keys, coded, batch)
                share = codec.decoder.shares(read, hidden, batch.popularity)[..., 0]
                score = share.masked_fill(batch.mask == 0, -1e9)
                place = score.argsort(1, descending=True).argsort(1).float()
                ranks[count] += float((place * used).sum()) / len(rows)
                errors[count] += float((latent - coded).square().sum()) / len(rows)
    return ranks, errors


def seconds_per_error(ranks: np.ndarray, errors: np.ndarray) -> float:
    """Fits modelled seconds over the horizon per unit of squared error, by least squares.

    A rank costs VALUES["search_per_rank"] seconds at every visit of the horizon, discounted.
    """
    visits = sum(VALUES["discount"] ** h for h in range(int(VALUES["horizon"])))
    seconds = (ranks[1:] - ranks[-1]) * VALUES["search_per_rank"] * visits
    excess = errors[1:] - errors[-1]
    slope = float((seconds * excess).sum() / max(float((excess**2).sum()), 1e-12))
    return max(slope, 1e-6)


class CodebookFacts(NamedTuple):
    """manifest: facts about the codes; book: the `Codebook` that they describe.

    latents: before quantisation, of the rows of `sample`, (R, Z). ranks, errors: those of
    `prefix_ranks`.
    """

    manifest: dict[str, Any]
    book: Codebook
    latents: Tensor
    ranks: np.ndarray
    errors: np.ndarray


def codebook_facts(fitted: Fitted, examples: Examples, seed: int) -> CodebookFacts:
    """Measures the codes on a sample of the examples."""
    rows = sample(examples, seed)
    latents = _latents(fitted, examples, rows)
    ranks, errors = prefix_ranks(fitted, examples, rows, latents)
    facts: dict[str, Any] = {
        "slots": list(fitted.quantiser.codes_in_use),
        "variance": float(latents.var(0).sum()),
        "seconds_per_error": seconds_per_error(ranks, errors),
        "seconds_per_bit": fitted.settings.ms_per_bit / 1000,
    }
    codes = fitted.quantiser.codes.numpy()
    book = Codebook(codes, tuple(facts["slots"]), *(facts[k] for k in list(facts)[1:]))
    return CodebookFacts(facts, book, latents, ranks, errors)


def sample(examples: Examples, seed: int) -> Tensor:
    """Draws the rows that the card's figures are computed on, in ascending order."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randperm(len(examples), generator=generator)[:SAMPLE].sort().values


def _latents(fitted: Fitted, examples: Examples, rows: Tensor) -> Tensor:
    with torch.no_grad():
        return torch.cat([fitted.codec.encode(examples.at(part)) for part in rows.split(PART)])


def write_card(
    fitted: Fitted, examples: Examples, found: CodebookFacts, training: dict[str, Any], seed: int
) -> dict[str, Any]:
    """Returns the fields of the card that training can measure; found: of the same arguments."""
    rows, book = sample(examples, seed), found.book
    most = np.where(examples.only(rows).is_first, 1, fitted.settings.stages)
    parts = zip(found.latents.split(PART), torch.from_numpy(most).split(PART), strict=True)
    tokens = chain.from_iterable(book.encode(z.numpy(), n.tolist()) for z, n in parts)
    bits = np.array([len(t) for t in tokens]) * TOKEN_BITS
    variance = max(book.variance, 1e-12)
    return {
        "latent": fitted.settings.latent,
        "tokens": fitted.settings.stages,
        "bits_per_user": {"mean": float(bits.mean()), "max": int(bits.max())},
        "side_bits_per_block": RECENCY_BITS,
        "rate_distortion": [
            {"bits": TOKEN_BITS * n, "summed_rank": float(r), "distortion": float(e / variance)}
            for n, (r, e) in enumerate(zip(found.ranks, found.errors, strict=True))
        ],
        "stages": stage_usage(fitted, found.latents),
        "growth": growth(fitted),
        "kl_shares": fitted.kl_shares,
        "reliability": reliability(fitted, examples, rows, found.latents),
        "history": fitted.history,
        "settings": fitted.settings.stored(),
        "training": training,
        "limits": list(LIMITS),
    }


def growth(fitted: Fitted) -> dict[str, Any]:
    """Returns the number of codes in use, possible, and after each epoch."""
    s = fitted.settings
    return {
        "most_new_slots_per_epoch": s.growth,
        "slots": sum(fitted.quantiser.codes_in_use),
        "possible_slots": s.stages * s.codes,
        "slots_by_epoch": [int(e["slots"]) for e in fitted.history if e["slots"]],
    }


def stage_usage(fitted: Fitted, latents: Tensor) -> list[dict[str, float]]:
    """Returns per stage the number of codes, the share used, perplexity and entropy in bits."""
    tokens = fitted.quantiser.tokens(latents).numpy()
    found = []
    for stage, in_use in enumerate(fitted.quantiser.codes_in_use):
        counts = np.bincount(tokens[:, stage], minlength=in_use)
        share = counts[counts > 0] / counts.sum()
        entropy = float(-(share * np.log2(share)).sum())
        found.append(
            {
                "slots": in_use,
                "used": float((counts > 0).mean()),
                "perplexity": 2**entropy,
                "entropy_bits": entropy,
            }
        )
    return found


def reliability(
    fitted: Fitted, examples: Examples, rows: Tensor, latents: Tensor
) -> list[dict[str, float]]:
    """Returns mean predicted demand against observed use, in BINS equal bins of the prediction."""
    logits, used = [], []
    for part, latent in zip(rows.split(PART), latents.split(PART), strict=True):
        batch = examples.at(part)
        with torch.no_grad():
            decoded = fitted.codec.decode(latent, batch)
        real = batch.mask > 0
        logits.append(decoded.side_demand[real].numpy())
        used.append((examples.share[part] > 0)[real].numpy())
    said = probabilities(np.concatenate(logits), fitted.calibration.side)
    seen = np.concatenate(used)
    place = np.minimum((said * BINS).astype(int), BINS - 1)
    return [
        {
            "said": float(said[place == b].mean()),
            "seen": float(seen[place == b].mean()),
            "count": int((place == b).sum()),
        }
        for b in range(BINS)
        if (place == b).any()
    ]


def slices(users: Sequence[tuple[str, str]]) -> dict[str, dict[str, int]]:
    """Counts visits and subjects per surface."""
    found: dict[str, dict[str, int]] = {}
    for surface in sorted({s for s, _ in users}):
        mine = [u for s, u in users if s == surface]
        found[surface] = {"visits": len(mine), "subjects": len(set(mine))}
    return found
