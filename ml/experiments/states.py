"""Formats the state before a visit as plain rows, for learners that are not networks."""

from __future__ import annotations

import numpy as np

from ml.experiments.split import Side


def flat(side: Side, blocks: int) -> np.ndarray:
    """Returns a vector per visit: user and popularity features of every block, and the context."""
    inputs = side.examples.inputs
    parts = [inputs.user.numpy()[:, :blocks], inputs.popularity.numpy()[:, :blocks]]
    return np.concatenate([*(p.reshape(len(p), -1) for p in parts), inputs.context.numpy()], 1)


def table(side: Side) -> np.ndarray:
    """Returns a row per visit and block, (V·N, F): user, popularity, context, kind."""
    inputs = side.examples.inputs
    size, count = inputs.kind.shape
    context = np.repeat(inputs.context.numpy()[:, None], count, axis=1)
    parts = [inputs.user.numpy(), inputs.popularity.numpy(), context]
    parts.append(inputs.kind.numpy()[..., None].astype(np.float32))
    return np.concatenate(parts, axis=2).reshape(size * count, -1)
