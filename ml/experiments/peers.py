"""Simple rules and learners without a bottleneck, on the features and split of the token model.

Each is a function of the split that returns scores of the held-out visits, (V, N).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.neighbors import NearestNeighbors

from ml.evaluation.policies import FRECENCY_HALF_LIFE
from ml.experiments.bandits import disjoint_linear, vowpal_wabbit
from ml.experiments.split import Side, Split
from ml.experiments.states import flat, table

SPLIT_PLACES = 3
"""Number of blocks that a split menu moves to the top."""
NEIGHBOURS = 50
"""Number of nearest training visits whose shares are averaged."""
DAY_USES, LAST_USE, LOG_USES = 2, 6, 9
"""Columns of `features.encode_user`: first of the uses decayed by days, 1 / visits since the last
use, logarithm of uses."""

Scores = np.ndarray
Peer = Callable[[Split, int], Scores]


def user_features(side: Side) -> np.ndarray:
    """Returns the user features, (V, N, 12)."""
    return side.examples.inputs.user.numpy()


def popularity_order(split: Split, seed: int) -> Scores:
    """Scores by the static order, the baseline of captured gain, whose own gain is 0."""
    return -split.test.static.astype(float)


def most_used(split: Split, seed: int) -> Scores:
    return user_features(split.test)[..., LOG_USES]


def frecency(split: Split, seed: int) -> Scores:
    """Counts uses with a half-life of 7 days."""
    return user_features(split.test)[..., DAY_USES + FRECENCY_HALF_LIFE]


def split_menu(split: Split, seed: int) -> Scores:
    """Moves the last used blocks to the top, keeps the rest (Sears and Shneiderman 1994)."""
    recent = user_features(split.test)[..., LAST_USE]
    place = (-recent).argsort(1, kind="stable").argsort(1, kind="stable")
    lifted = (place < SPLIT_PLACES) & (recent > 0)
    return np.where(lifted, recent + 1, 0.0)


def nearest(split: Split, seed: int) -> Scores:
    """Averages shares over the nearest training states of the surface, by scaled distance."""
    scores = np.zeros(split.test.static.shape)
    for slug, surface in split.surfaces.items():
        mine, theirs = split.train.surface == slug, split.test.surface == slug
        if not theirs.any():
            continue
        count = len(surface.blocks)
        known, asked = flat(split.train, count)[mine], flat(split.test, count)[theirs]
        scale = known.std(0) + 1e-3
        index = NearestNeighbors(n_neighbors=min(NEIGHBOURS, len(known)), algorithm="brute")
        found = index.fit(known / scale).kneighbors(asked / scale, return_distance=False)
        scores[theirs] = split.train.examples.share.numpy()[mine][found].mean(1)
    return scores


def boosting(split: Split, seed: int) -> Scores:
    """Fits gradient boosting of a block's share per surface, without a bottleneck."""
    scores = np.zeros(split.test.static.shape)
    count = int(split.test.static.shape[1])
    for slug in sorted(set(split.test.surface)):
        mine, theirs = split.train.surface == slug, split.test.surface == slug
        real = split.train.examples.mask[mine].reshape(-1) > 0
        rows: np.ndarray = table(split.train).reshape(len(mine), count, -1)[mine]
        share = split.train.examples.share.numpy()[mine].reshape(-1)
        model = HistGradientBoostingRegressor(
            max_iter=200,
            learning_rate=0.06,
            max_leaf_nodes=31,
            min_samples_leaf=200,
            l2_regularization=1.0,
            random_state=seed,
            categorical_features=[rows.shape[-1] - 1],
        )
        model.fit(rows.reshape(-1, rows.shape[-1])[real], share[real])
        asked = table(split.test).reshape(len(theirs), count, -1)[theirs]
        scores[theirs] = model.predict(asked.reshape(-1, asked.shape[-1])).reshape(-1, count)
    return scores


PEERS: Mapping[str, Peer] = {
    "static popularity": popularity_order,
    "most frequently used": most_used,
    "frecency": frecency,
    f"split menu, {SPLIT_PLACES} places": split_menu,
    "Vowpal Wabbit, cb_adf": vowpal_wabbit,
    "MABWiser LinUCB": disjoint_linear,
    f"{NEIGHBOURS} nearest states": nearest,
    "gradient boosting": boosting,
}
