"""Contextual bandits as peers.

The reward of a block is its share of the visit. A bandit sees the reward of its own choice only, so
it learns from less than the other learners do. Choices in training are drawn uniformly, which
gives both bandits better results than their own choices; each passes once over the training visits
in time order.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import numpy as np
from mabwiser.mab import MAB, LearningPolicy
from vowpalwabbit import Workspace

from ml.experiments.split import Side, Split
from ml.experiments.states import flat

VOWPAL = "--cb_adf --cb_type mtr --rank_all -q UK -q PK --quiet -b 20 -l 0.05"
"""Namespaces: U, the user's behaviour with the block; P, its popularity; K, its kind. The learning
rate is a tenth of the default, at which training diverges."""
LINUCB_ALPHA = 0.1


def vowpal_wabbit(split: Split, seed: int) -> np.ndarray:
    """Trains on action-dependent features in one pass, then scores without learning."""
    learner = Workspace(f"{VOWPAL} --random_seed {seed}")
    generator = np.random.default_rng(seed)
    share = split.train.examples.share.numpy()
    for row, lines in enumerate(_actions(split.train)):
        action = int(generator.integers(len(lines)))
        label = f"0:{-float(share[row, action]):.4f}:{1 / len(lines):.4f}"
        lines[action] = f"{label} {lines[action]}"
        example = learner.parse(lines)
        learner.learn(example)
        learner.finish_example(example)
    scores = np.full(split.test.static.shape, -np.inf)
    for row, lines in enumerate(_actions(split.test)):
        scores[row, : len(lines)] = -_costs(learner, lines)
    learner.finish()
    return scores


def _costs(learner: Workspace, lines: list[str]) -> np.ndarray:
    """Returns the predicted cost of each action."""
    example = learner.parse(lines)
    predicted = learner.predict(example)
    learner.finish_example(example)
    return np.array(predicted)


def _actions(side: Side) -> Iterator[list[str]]:
    """Yields per visit one line per block, in VW's text format."""
    inputs = side.examples.inputs
    user, popularity = inputs.user.numpy(), inputs.popularity.numpy()
    kind, real = inputs.kind.numpy(), inputs.mask.numpy().sum(1).astype(int)
    for row, count in enumerate(real):
        slug = side.visits[row].surface
        yield [
            f"|U {_values(user[row, i])} |P {_values(popularity[row, i])} |K {slug}{kind[row, i]}"
            for i in range(count)
        ]


def _values(row: np.ndarray) -> str:
    return " ".join(f"{i}:{v:.3f}" for i, v in enumerate(row) if v)


def disjoint_linear(split: Split, seed: int) -> np.ndarray:
    """Fits LinUCB with an arm per block of each surface; the context is all blocks' features."""
    scores = np.zeros(split.test.static.shape)
    generator = np.random.default_rng(seed)
    for slug, surface in split.surfaces.items():
        mine, theirs = split.train.surface == slug, split.test.surface == slug
        if not theirs.any():
            continue
        count = len(surface.blocks)
        share = split.train.examples.share.numpy()[mine]
        known, asked = flat(split.train, count)[mine], flat(split.test, count)[theirs]
        arms = generator.integers(0, count, size=len(known))
        bandit = MAB(list(range(count)), LearningPolicy.LinUCB(alpha=LINUCB_ALPHA), seed=seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            bandit.fit(arms, share[np.arange(len(arms)), arms], known)
            found = bandit.predict_expectations(asked)
        scores[theirs, :count] = [[e[arm] for arm in range(count)] for e in found]
    return scores
