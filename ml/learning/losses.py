"""The terms of the loss, each a plain function of tensors. B requests, N blocks."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

FAR = -1e9
"""Logit of a padded block."""


def share_loss(logits: Tensor, share: Tensor, mask: Tensor) -> Tensor:
    """Cross-entropy −Σ share·log softmax(logits), (B,). share: 1/k for each of k used blocks."""
    logs = torch.log_softmax(logits.masked_fill(mask == 0, FAR), dim=-1)
    return -(share * logs * mask).sum(-1)


def demand_loss(logits: Tensor, used: Tensor, exposed: Tensor) -> Tensor:
    """Binary cross-entropy of use, weighted by `exposed`, (B,).

    exposed: probability that the block was looked at, 0..1; 0 where it was not shown.
    """
    each = functional.binary_cross_entropy_with_logits(logits, used, reduction="none")
    return (each * exposed).sum(-1) / exposed.sum(-1).clamp(min=1e-6)


def assignment_kl(distances: Tensor, log_prior: Tensor) -> Tensor:
    """KL(softmax(−distances) ‖ prior) in nats, (B,). distances: (B, K), squared."""
    logs = torch.log_softmax(-distances, dim=-1)
    return (logs.exp() * (logs - log_prior)).sum(-1)


def variance_loss(latent: Tensor) -> Tensor:
    """VICReg (Bardes, Ponce, LeCun 2022): mean hinge of 1 − deviation over dimensions."""
    return functional.relu(1 - torch.sqrt(latent.var(0) + 1e-4)).mean()


def covariance_loss(latent: Tensor) -> Tensor:
    """VICReg: sum of squared off-diagonal covariances over the number of dimensions."""
    centred = latent - latent.mean(0)
    covariance = centred.T @ centred / (len(latent) - 1)
    off = covariance - torch.diag(torch.diag(covariance))
    return off.square().sum() / latent.shape[1]
