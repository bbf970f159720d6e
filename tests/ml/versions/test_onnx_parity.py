"""Parity of large outputs is judged by what float32 can tell of them."""

import numpy as np
import pytest
import torch

from ml.versions import onnx_parity
from ml.versions.onnx_parity import ExportError, check_parity


class Said(torch.nn.Module):
    def forward(self, latent):
        return latent * 100.0


@pytest.fixture()
def differs_near_zero(monkeypatch):
    """An exported graph that differs by what float32 loses of 100, where the output is 0."""
    monkeypatch.setattr(onnx_parity, "run_onnx", lambda *_: [np.float32([100.0, 2e-4])])


def test_a_value_near_zero_counts_beside_the_largest(differs_near_zero):
    case = {"latent": np.float32([1.0, 0.0])}

    assert check_parity(b"", Said(), ["latent"], [case], is_relative=True) == pytest.approx(2e-6)


def test_without_the_scale_the_same_difference_is_refused(differs_near_zero):
    with pytest.raises(ExportError, match="parity"):
        check_parity(b"", Said(), ["latent"], [{"latent": np.float32([1.0, 0.0])}])
