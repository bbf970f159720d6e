"""Reading people with a version, to the same bits whoever is read beside them."""

from __future__ import annotations

from collections.abc import Sequence

from uiengine.model.prediction import Prediction
from uiengine.model.version import CodebookVersion
from uiengine.request import Request


def read_alike(
    version: CodebookVersion, requests: Sequence[Request], *, bits: int = 64
) -> list[Prediction]:
    """Reads in a batch per surface, and nobody alone.

    A batch is padded to its largest surface, and a single row is multiplied by other code of the
    runtime's than many are; both change the last bits of what is predicted.
    """
    by_surface: dict[str, list[int]] = {}
    for place, request in enumerate(requests):
        by_surface.setdefault(request.surface.slug, []).append(place)
    found: dict[int, Prediction] = {}
    for places in by_surface.values():
        some = [requests[place] for place in places]
        read = version.read(some * 2 if len(some) == 1 else some, bits=bits)
        found |= dict(zip(places, read, strict=False))
    return [found[place] for place in range(len(requests))]
