"""A trained version before its export, and the one file that stores it.

Training and exporting are separate steps, so that a worker that dies during the export repeats only
the export.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from ml.learning.calibration import Calibration, Line
from ml.learning.loop import Fitted
from ml.learning.networks import Codec
from ml.learning.residual_vq import ResidualQuantiser
from ml.learning.settings import Settings
from ml.versions.folder import ExportedLayouts, write_version


@dataclass
class Draft:
    """All that a version folder is written from.

    facts: the manifest's entry on the codebook. layouts: the layout part, if it has one. The other
    fields are the arguments of `folder.write_version`.
    """

    fitted: Fitted
    facts: Mapping[str, Any]
    card: dict[str, Any]
    surfaces: Sequence[str]
    default_orders: Mapping[str, Sequence[str]]
    priors: Mapping[str, Mapping[str, Sequence[float]]]
    seed: int
    layouts: ExportedLayouts | None = None
    own_visits: Mapping[str, float] = field(default_factory=dict)

    def export(self, out: Path) -> dict[str, Any]:
        """Writes the version folder after its parity checks; returns the card."""
        return write_version(
            out,
            self.fitted,
            self.facts,
            self.card,
            surfaces=self.surfaces,
            default_orders=self.default_orders,
            priors=self.priors,
            own_visits=self.own_visits,
            layouts=self.layouts,
            seed=self.seed,
        )


def save(draft: Draft, path: Path) -> None:
    """Writes the draft atomically."""
    words = {
        "facts": draft.facts,
        "card": draft.card,
        "surfaces": list(draft.surfaces),
        "default_orders": draft.default_orders,
        "priors": draft.priors,
        "own_visits": dict(draft.own_visits),
        "seed": draft.seed,
        "kinds": draft.fitted.kinds,
        "settings": draft.fitted.settings.stored(),
        "slots": draft.fitted.quantiser.codes_in_use,
        "calibration": asdict(draft.fitted.calibration),
    }
    tensors: dict[str, Any] = {
        "codec": draft.fitted.codec.state_dict(),
        "quantiser": draft.fitted.quantiser.state_dict(),
    }
    if draft.layouts is not None:
        words["layouts"] = {"facts": draft.layouts.facts, "card": draft.layouts.card}
        tensors["layouts"] = {n: _tensor(content) for n, content in draft.layouts.files.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    torch.save({**tensors, "words": json.dumps(words)}, part)
    part.rename(path)


def load(path: Path) -> Draft:
    """Reads a draft that `save` wrote."""
    held = torch.load(io.BytesIO(path.read_bytes()), weights_only=True)
    words = json.loads(held["words"])
    settings = Settings.from_stored(words.pop("settings"))
    kinds, in_use = words.pop("kinds"), words.pop("slots")
    lines = {name: Line(**line) for name, line in words.pop("calibration", {}).items()}
    if "layouts" in words:
        files = {name: bytes(content.numpy()) for name, content in held["layouts"].items()}
        words["layouts"] = ExportedLayouts(files, **words["layouts"])
    codec = Codec(len(kinds), settings)
    codec.load_state_dict(held["codec"])
    quantiser = ResidualQuantiser(settings)
    quantiser.load_state_dict(held["quantiser"])
    quantiser.codes_in_use = in_use
    fitted = Fitted(codec.eval(), quantiser.eval(), kinds, settings)
    return Draft(replace(fitted, calibration=Calibration(**lines)), **words)


def _tensor(content: bytes) -> torch.Tensor:
    """Wraps bytes in a tensor, which torch loads with `weights_only`, without running code."""
    return torch.frombuffer(bytearray(content), dtype=torch.uint8)
