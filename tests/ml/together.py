"""`torchrun -m tests.ml.together VISITS OUT SCRATCH`: trains a small model and stores its results.

Each process also writes which files in SCRATCH it had mapped, with their inodes.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import torch

from ml.learning import distributed
from ml.training.train import train_draft
from tests.ml.conftest import SMALL

SETTINGS = replace(SMALL, warm_epochs=1, code_epochs=2, codes=8, batch=101)  # odd: unequal shares


def train(visits: str, out: str, scratch: Path | None = None) -> None:
    seen: dict[str, str] = {}

    def look(share: float, text: str) -> None:
        lines = Path("/proc/self/maps").read_text().splitlines()
        parts = (line.split(maxsplit=5) for line in lines)
        seen.update((p[5], p[4]) for p in parts if scratch and str(scratch) in p[-1])

    with distributed.joined():
        rows = pd.read_parquet(visits)
        draft = train_draft(rows, seed=5, settings=SETTINGS, scratch=scratch, progress=look)
        fitted = draft.fitted
        Path(f"{out}.{os.environ.get('RANK', 0)}").write_text(json.dumps(seen))
        if distributed.is_first():
            kept = {"history": fitted.history, "slots": fitted.quantiser.codes_in_use}
            weights = {"codec": fitted.codec.state_dict(), "codes": fitted.quantiser.codes}
            torch.save({**kept, **weights}, out)


if __name__ == "__main__":
    train(*sys.argv[1:3], scratch=Path(sys.argv[3]))
