"""Each term equals its formula, computed by hand in plain Python."""

import math

import numpy as np
import torch

from ml.learning import losses
from ml.learning.objective import round_latent


def test_share_loss_is_cross_entropy_over_present_blocks():
    logits = torch.tensor([[1.0, 2.0, 9.0]])
    share = torch.tensor([[0.5, 0.5, 0.0]])
    mask = torch.tensor([[1.0, 1.0, 0.0]])
    total = math.exp(1) + math.exp(2)
    wanted = -0.5 * math.log(math.exp(1) / total) - 0.5 * math.log(math.exp(2) / total)
    assert math.isclose(float(losses.share_loss(logits, share, mask)), wanted, rel_tol=1e-5)


def test_demand_loss_ignores_blocks_that_were_not_shown():
    used = torch.tensor([[1.0, 0.0, 0.0]])
    exposed = torch.tensor([[1.0, 0.5, 0.0]])
    p = [1 / (1 + math.exp(-v)) for v in (0.3, -0.2)]
    wanted = (-math.log(p[0]) - 0.5 * math.log(1 - p[1])) / 1.5
    for unseen in (-5.0, 5.0):
        logits = torch.tensor([[0.3, -0.2, unseen]])
        assert math.isclose(float(losses.demand_loss(logits, used, exposed)), wanted, rel_tol=1e-5)


def test_assignment_kl_is_zero_only_at_the_prior():
    distances = torch.tensor([[0.0, 1.0, 3.0]])
    prior = torch.log_softmax(-distances[0], 0)
    assert abs(float(losses.assignment_kl(distances, prior))) < 1e-6
    q = np.exp([-0.0, -1.0, -3.0]) / np.exp([-0.0, -1.0, -3.0]).sum()
    wanted = float((q * np.log(q * 3)).sum())
    even = torch.full((3,), -math.log(3))
    assert math.isclose(float(losses.assignment_kl(distances, even)), wanted, rel_tol=1e-5)


def test_vicreg_terms():
    latent = torch.tensor([[0.0, 0.0], [2.0, 2.0]])
    assert float(losses.variance_loss(latent)) == 0.0
    assert float(losses.variance_loss(latent * 0)) > 0.9
    assert float(losses.covariance_loss(latent)) == 2 * 2.0**2 / 2


def test_rounding_is_exact_first_and_coarser_later():
    """Steps of 1/32 at first (8 bits within ±4), of 1/2 in the end (4 bits)."""
    latent, still = torch.linspace(-1, 1, 50), torch.zeros(50)
    for done, step in ((0.0, 1 / 32), (0.2, 1 / 32), (0.6, 1 / 2), (1.0, 1 / 2)):
        rounded = round_latent(latent, done, still)
        torch.testing.assert_close(rounded, (latent / step).round() * step)
    noise = torch.rand(50, generator=torch.Generator().manual_seed(0)) - 0.5
    assert (round_latent(latent, 1.0, noise) - latent).abs().max() > 1 / 4
