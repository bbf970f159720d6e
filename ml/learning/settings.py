"""Every number of training; ideas that cost gain on held-back users are off (0)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

STORED_NAMES = {"memory_keys": "slots"}
"""Settings that cards and drafts keep under an older name."""

BEFORE = {"bins": 0}
"""Settings of cards and drafts that do not name them, as they are older."""

TERMS = ("prediction", "prediction_share", "variance", "covariance")


@dataclass(frozen=True)
class Settings:
    """Sizes, schedule, augmentation and optional loss terms; LOG.md has the figures behind them."""

    memory_keys: int = 16
    """Directions of the latent's memory; a block's key is a vector over them."""
    channels: int = 2
    """Values kept per direction; the latent has memory_keys × channels dimensions."""
    hidden: int = 64
    """Width of every hidden layer."""
    kind_width: int = 16
    """Width of a block's descriptor embedding."""
    bins: int = 8
    """Bins of each number of the user's own (`ml.learning.pieces`); 0: the number alone."""

    stages: int = 8
    """Residual stages of the codebook, one token of 8 bits each."""
    codes: int = 256
    """Largest number of codes per stage."""

    warm_epochs: int = 8
    """Epochs with a continuous latent, before the codebook."""
    code_epochs: int = 12
    """Epochs with the codebook in the loop."""
    batch: int = 256
    """Visits per step of a training from nothing; fine-tuning has its own (`ml.training.train`)."""
    rate: float = 3e-3
    """Peak learning rate of the warm-up cycle; the second cycle peaks at two thirds of it."""
    weight_decay: float = 1e-3
    """AdamW's weight decay."""
    most_steps: int = 12_000
    """Upper bound on training steps, so that large files train within minutes."""

    swap_kinds: float = 0.25
    """Share of samples whose blocks swap descriptors: behaviour and popularity must be used."""
    hide_kinds: float = 0.1
    """Share of samples with hidden kinds; only the text describes them, as for unknown kinds."""
    drop_popularity: float = 0.15
    """Share of samples without the surface's popularity."""
    thin_popularity: float = 0.15
    """Share of samples whose popularity rests on few visits, as on a small site."""
    drop_days: float = 0.3
    """Probability of hiding each of: days since the first visit, days since the last visit."""

    demand_weight: float = 0.3
    """Weight of the yes/no demand loss beside the share loss."""
    outlook_weight: float = 0.3
    """Weight of the loss of the share over the coming visits."""
    commit: float = 0.1
    """Weight of the squared quantisation error."""
    full_stages: float = 0.5
    """Share of samples that train with all stages; the rest with a random prefix."""
    code_decay: float = 0.98
    """Moving average of the code vectors per step."""
    least_usage: float = 0.02
    """A code used less than this share of the mean usage is dead and restarts elsewhere."""

    kl: float = 0.0
    """β: weight of KL(soft assignments ‖ learned prior) of the first stage, after its rise."""
    kl_share: float = 0.0
    """Target share of the KL gradient at the encoder's output; β is rescaled towards it."""
    entropy_bonus: float = 0.01
    """Weight of the bonus for evenly used codes, where kl > 0."""
    prediction: float = 0.1
    """γ: weight of predicting the latent of the hindsight layout from the behaviour."""
    prediction_share: float = 0.25
    """Share of a batch that is predicted: all of it costs more time and gains no more."""
    variance: float = 0.05
    """VICReg: weight of keeping each latent dimension's deviation at least 1."""
    covariance: float = 0.01
    """VICReg: weight of keeping latent dimensions uncorrelated."""
    rounding: bool = True
    """Precision curriculum: 8-bit deterministic rounding first, then towards 4-bit stochastic."""
    growth: float = 0.0
    """Largest share of new codes per epoch; 0 starts with all codes in use."""

    calibrate: float = 0.0
    """Share of the subjects kept out of training, on whom demand is calibrated (LOG.md)."""

    ms_per_bit: float = 0.1
    """λ: modelled milliseconds that a further token must save per bit. LOG.md compares others."""

    @property
    def latent(self) -> int:
        return self.memory_keys * self.channels

    def terms(self) -> dict[str, Any]:
        """Returns the weights of the loss's terms beside reconstruction that are on by default.

        A training that goes on from a version takes them from here, whatever that one learned by.
        """
        return {name: getattr(self, name) for name in TERMS}

    def stored(self) -> dict[str, Any]:
        """Returns the settings as a card and a draft store them."""
        return {STORED_NAMES.get(name, name): value for name, value in asdict(self).items()}

    @classmethod
    def from_stored(cls, values: Mapping[str, Any]) -> Settings:
        names = {stored: name for name, stored in STORED_NAMES.items()}
        known = {names.get(name, name): value for name, value in values.items()}
        return cls(**{**BEFORE, **known})

    def smoke(self) -> Settings:
        """Returns smaller settings that train within seconds."""
        return replace(self, warm_epochs=1, code_epochs=1, codes=32, stages=8, batch=256)
