"""`torchrun -m tests.ml.together VISITS OUT`: trains a small model and stores its results."""

from __future__ import annotations

import sys
from dataclasses import replace

import pandas as pd
import torch

from ml.learning import distributed
from ml.training.train import train_draft
from tests.ml.conftest import SMALL

SETTINGS = replace(SMALL, warm_epochs=1, code_epochs=2, codes=8, batch=101)  # odd: unequal shares


def train(visits: str, out: str) -> None:
    with distributed.joined():
        fitted = train_draft(pd.read_parquet(visits), seed=5, settings=SETTINGS).fitted
        if distributed.is_first():
            kept = {"history": fitted.history, "slots": fitted.quantiser.codes_in_use}
            weights = {"codec": fitted.codec.state_dict(), "codes": fitted.quantiser.codes}
            torch.save({**kept, **weights}, out)


if __name__ == "__main__":
    train(*sys.argv[1:])
