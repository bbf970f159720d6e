"""The prediction term, of a part of the batch; and what a training that goes on takes over."""

from __future__ import annotations

from dataclasses import replace

import torch

from ml.data.histories import pages, visits_of
from ml.data.sums import mean_shares
from ml.learning import losses
from ml.learning.building import build_examples
from ml.learning.loop import fit
from ml.learning.networks import Codec
from ml.learning.objective import Objective
from ml.learning.residual_vq import ResidualQuantiser
from ml.learning.settings import Settings
from ml.training import train
from ml.training.aligned import Start
from tests.ml.conftest import SMALL, simulated_visits

KINDS = {"forum": 1, "quiz": 2, "video": 3, "wiki": 4}


def some_examples():
    rows = visits_of(frame := simulated_visits(20, 4, 3))
    return build_examples(rows, pages([frame]), KINDS, mean_shares(rows))


@torch.no_grad()
def test_a_quarter_of_a_batch_is_predicted():
    """As the mean over its rows that have a future, each one's error by itself."""
    made = some_examples()
    torch.manual_seed(0)
    codec, quantiser = Codec(len(KINDS), SMALL), ResidualQuantiser(SMALL)
    objective = Objective(SMALL, codec, quantiser, torch.Generator())
    rows = torch.randperm(len(made), generator=torch.Generator().manual_seed(1))[:40]
    batch = made.at(rows)
    latent = codec.encode(batch)
    found = objective._prediction(latent, batch, made, rows)

    errors = []
    for i, row in enumerate(rows[:10].tolist()):
        if not made.has_future[torch.tensor([row])]:
            continue
        one = made.at(torch.tensor([row]))
        seen, keys = codec.blocks(one.kind, one.text, one.shape)
        rank = made.hindsight[torch.tensor([row])]
        shown = codec.layouts(seen, keys, one.mask, rank)
        wish = torch.softmax((-rank).masked_fill(one.mask == 0, losses.FAR), -1)
        order = losses.share_loss(codec.decode(shown, one).share, wish, one.mask)
        away = codec.predictor(latent[i : i + 1]) - shown  # the target starts as their copy
        errors.append(float(away.square().mean() + order))
    assert 0 < len(errors) < 11
    torch.testing.assert_close(float(found), sum(errors) / len(errors), rtol=1e-5, atol=1e-5)


def test_a_training_that_goes_on_has_todays_terms_and_its_starts_sizes():
    without = replace(SMALL, prediction=0.0, variance=0.0, covariance=0.0, codes=8, batch=64)
    without = replace(without, warm_epochs=0, code_epochs=0, bins=2)
    start = Start(None, fit(some_examples(), KINDS, without, seed=0), None)
    going_on, given = train._settings(None, start, 500), train._settings(without, start, 500)
    assert going_on.codes == 8 and going_on.bins == 2
    assert going_on.prediction == Settings().prediction > 0 and going_on.variance > 0
    assert given.prediction == given.variance == given.covariance == 0
