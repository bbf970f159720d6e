"""The policy `engine`: what the engine serves, with its reasons or, in half the time, without."""

from __future__ import annotations

from collections.abc import Sequence

from ml.evaluation.reading import read_alike
from ml.evaluation.shown import Policy, Shown
from uiengine.emphasis import expected
from uiengine.engine import choose, fixed_order, is_shared, planned
from uiengine.model.prediction import Prediction
from uiengine.model.version import CodebookVersion
from uiengine.page.surface import Same
from uiengine.put_away import suggestion
from uiengine.request import Request


def explained(version: CodebookVersion, bits: int = 64) -> Policy:
    """With reasons, which `ml.replay` keeps of declared pages."""

    def decide(requests: Sequence[Request]) -> list[Shown]:
        read = read_alike(version, requests, bits=bits)
        return [_explained(*each, version.id) for each in zip(requests, read, strict=True)]

    return decide


def unexplained(version: CodebookVersion, bits: int = 64) -> Policy:
    """The same without reasons, and newcomers of one day, who see the same, decided once."""

    def decide(requests: Sequence[Request]) -> list[Shown]:
        found, newcomers = list[Shown](), dict[object, Shown]()
        read = read_alike(version, requests, bits=bits)
        for request, prediction in zip(requests, read, strict=True):
            if not is_shared(request):
                found.append(_unexplained(request, prediction, version.id))
                continue
            name = (Same(request.surface), Same(request.popularity), request.day)
            if name not in newcomers:
                newcomers[name] = _unexplained(request, prediction, version.id)
            found.append(newcomers[name])
        return found

    return decide


def _explained(request: Request, prediction: Prediction, version_id: str) -> Shown:
    made = choose(request, prediction, version_id)
    return Shown(
        made.layout.order,
        prediction.tokens,
        prediction.side_bits,
        prediction.distortion,
        made.explored,
        made.status,
        made.propensity,
        made.stability.saves_seconds,
        made.reasons,
        made.expected.block if made.expected else "",
        made.unused.block if made.unused else "",
        made.layout.sizes,
    )


def _unexplained(request: Request, prediction: Prediction, version_id: str) -> Shown:
    """What `_explained` shows; sizes, and what users fixed themselves, are left to it."""
    if request.surface.guardrails.sizes or fixed_order(request) is not None:
        return _explained(request, prediction, version_id)
    best = planned(request, prediction, version_id)
    pointed, unused = expected(request, prediction), suggestion(request, prediction)
    return Shown(
        best.order,
        prediction.tokens,
        prediction.side_bits,
        prediction.distortion,
        best.explored,
        propensity=best.propensity,
        saves=best.stability.saves_seconds,
        expected=pointed.block if pointed else "",
        suggested=unused.block if unused else "",
    )
