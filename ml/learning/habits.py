"""How much of one's own past weighs against the networks, learned per page.

The weight is the number of one's own visits that count as much as what the networks expect. It is
the smallest under which the people learned from are as likely to use what they used next as by the
networks alone: what one does oneself is served better and moves less (LOG.md). Where no weight
beats the networks alone by LEAST_GAIN, there is none. Only pages of several groups have one: in one
column the networks' share is what the planner's coefficients were measured with (LOG.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from ml.learning.examples import Examples
from ml.learning.inputs import PART
from ml.learning.networks import Codec
from uiengine.behaviour.profile import VISIT_HALF_LIVES
from uiengine.cost.energy import Floats
from uiengine.model.codebook import Codebook
from uiengine.page.surface import Surface

WEIGHTS = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
"""Weights that are compared, in visits."""
LEAST_GAIN = 0.002
"""Least gain in the mean log share of used blocks over that of the networks alone, in nats."""
MOST_VISITS = 4_000
"""Visits of a page that are compared, evenly spread over time."""
FLOOR = 1e-3
"""Least share, which keeps the logarithm of a stray use finite."""


def own_visits(
    codec: Codec, book: Codebook, examples: Examples, surfaces: Mapping[str, Surface]
) -> dict[str, float]:
    """Returns the weight by page. examples: in time order."""
    users, found = examples.users, {}
    for slug in sorted({slug for slug, _ in users}):
        if slug not in surfaces or not surfaces[slug].is_grouped:
            continue
        rows = _rows(users, slug)
        expected = _expected(codec, book, examples, rows)
        used = examples.share[rows].numpy()
        weight = best_weight(past_shares(examples, rows), expected, used)
        if weight is not None:
            found[slug] = weight
    return found


def past_shares(examples: Examples, rows: torch.Tensor) -> Floats:
    """The subjects' shares before these visits, decayed by visits as profiles keep them, (R, N)."""
    left, users = 2.0 ** (-1 / VISIT_HALF_LIVES[-1]), examples.users
    wanted = {at: row for row, at in enumerate(rows.tolist())}
    past = {users[at]: np.zeros(examples.width) for at in wanted}
    habit = np.zeros((len(rows), examples.width))
    theirs = torch.tensor([i for i, user in enumerate(users) if user in past], dtype=torch.long)
    for part in theirs.split(PART):
        for i, share in zip(part.tolist(), examples.share[part].numpy(), strict=True):
            if i in wanted:
                habit[wanted[i]] = past[users[i]]
            past[users[i]] = past[users[i]] * left + share
    return habit


def best_weight(habit: Floats, expected: Floats, used: Floats) -> float | None:
    """Returns the smallest of WEIGHTS no less likely than the networks; None for them alone.

    habit, expected, used: (V, N), own decayed shares, the networks' shares, shares of the visit.
    """
    if not len(habit):
        return None
    alone = _likelihood(expected, used)
    own = habit.sum(axis=1, keepdims=True)
    gains = {w: _likelihood((habit + w * expected) / (own + w), used) - alone for w in WEIGHTS}
    if max(gains.values()) < LEAST_GAIN:
        return None
    return min(weight for weight, gain in gains.items() if gain >= 0)


def _likelihood(shares: Floats, used: Floats) -> float:
    return float((used * np.log(np.maximum(shares, FLOOR))).sum(axis=1).mean())


def _rows(users: Sequence[tuple[str, str]], slug: str) -> torch.Tensor:
    """Returns visits of the page whose subject has been there before, (R,)."""
    seen, whose = set[tuple[str, str]](), list[int]()
    for i, user in enumerate(users):
        if user in seen and user[0] == slug:
            whose.append(i)
        seen.add(user)
    every = max(-(-len(whose) // MOST_VISITS), 1)
    return torch.tensor(whose[::every], dtype=torch.long)


@torch.no_grad()
def _expected(codec: Codec, book: Codebook, examples: Examples, rows: torch.Tensor) -> Floats:
    """Returns the networks' share of each block at each visit, as served, (R, N)."""
    shares = [np.zeros((0, examples.width))]
    for part in rows.split(PART):
        batch = examples.at(part)
        tokens = book.encode(codec.encode(batch).numpy(), [len(book.codes_in_use)] * len(part))
        decoded = codec.decode(torch.from_numpy(book.decode(tokens)), batch)
        logits = decoded.side_share.double().masked_fill(batch.mask == 0, -torch.inf)
        shares.append(torch.softmax(logits, dim=1).numpy())
    return np.concatenate(shares)
