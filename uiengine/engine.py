"""The main path from a request and a codebook version to a decision.

It reads the tokens, plans the cheapest order within the rules, packs it into every grid, and gives
reasons.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from uiengine.behaviour.profile import Pin, Profile
from uiengine.decision import Decision, Variant
from uiengine.emphasis import expected
from uiengine.errors import VersionError
from uiengine.explain import reasons
from uiengine.guardrails import Case
from uiengine.model.prediction import Prediction, Version
from uiengine.page.layout import Layout, pack
from uiengine.page.reading_order import apply_pins, complete, default_order
from uiengine.page.size_classes import own_sizes
from uiengine.page.surface import Cell, Same
from uiengine.put_away import suggestion
from uiengine.request import Request
from uiengine.search.assignment import last_order
from uiengine.search.planner import Plan, plan
from uiengine.search.resizing import last_sizes

NEIGHBOURS = 8
"""Number of one-token neighbours decoded, in one batch, if several variants are requested."""
MOST_SHARED = 16
"""Maximum number of cached decisions for newcomers per surface."""
_NOTHING = Profile()


def decide(request: Request, version: Version) -> Decision:
    """Decides the layout for this subject's visit; deterministic for given arguments."""
    if fixed_order(request) is not None:
        return fixed_layout(request, version.id)
    if not is_shared(request):
        return _decided(request, version)
    # Otherwise many newcomers arriving at once would wait for equal searches.
    decisions: dict[tuple[Any, ...], Decision] = request.surface.memory.setdefault("newcomers", {})
    popularity = Same(request.popularity)
    key = (version.id, popularity, request.day, request.budget, request.variants)
    if (known := decisions.get(key)) is not None:
        return replace(known, visit=request.visit)
    if len(decisions) >= MOST_SHARED:
        decisions.clear()
    decision = decisions[key] = _decided(request, version)
    return decision


def is_shared(request: Request) -> bool:
    """Returns True if the decision is equal for all subjects without a history.

    With exploration it is not, because a draw depends on the seed.
    """
    return request.profile == _NOTHING and not request.surface.guardrails.exploration


def _decided(request: Request, version: Version) -> Decision:
    prediction = version.read([request])[0]
    wanted = NEIGHBOURS if request.variants > 1 else 0
    near = version.neighbours(request, prediction.tokens, wanted) if wanted else ()
    return choose(request, prediction, version.id, near)


def choose(
    request: Request, prediction: Prediction, version_id: str, neighbours: Sequence[Prediction] = ()
) -> Decision:
    """Decides from decoded tokens; batch callers decode many subjects at once.

    Raises VersionError if the energy or the distortion is not finite.
    """
    if fixed_order(request) is not None:
        return fixed_layout(request, version_id)
    best = planned(request, prediction, version_id, neighbours)
    sizes, before = best.sizes, best.sizes_before
    if sizes is None:
        decoded = zip(request.surface.index, prediction.size_class.tolist(), strict=True)
        sizes = before = dict(decoded)
    layout = _packed(request, best.order, sizes)
    variants = tuple(
        Variant(_packed(request, order, before if i else sizes), energy)
        for i, (order, energy) in enumerate(best.variants)
    )
    return Decision(
        layout=layout,
        status="adapted",
        version=version_id,
        revision=request.surface.revision,
        visit=request.visit,
        generation=request.profile.feedback.generation,
        tokens=prediction.tokens,
        side_bits=prediction.side_bits,
        distortion=prediction.distortion,
        propensity=best.propensity,
        explored=best.explored,
        energy=best.energy,
        demand=tuple(prediction.demand.tolist()),
        stability=best.stability,
        reasons=reasons(request, prediction, best.order, layout.sizes),
        system=1 if request.budget <= 1 else 2,
        variants=variants,
        candidates=best.candidates,
        expected=expected(request, prediction) if request.surface.guardrails.points else None,
        unused=suggestion(request, prediction) if request.surface.guardrails.put_away else None,
    )


def planned(
    request: Request, prediction: Prediction, version_id: str, neighbours: Sequence[Prediction] = ()
) -> Plan:
    """What `choose` serves where the user's wishes leave a choice, neither packed nor explained.

    Raises as `choose`.
    """
    best = plan(request, prediction, neighbours)
    if not math.isfinite(best.energy + prediction.distortion):
        problem = "gave a prediction that is not finite"
        raise VersionError("version", version_id, problem, "Train or copy it again.")
    return best


def _packed(
    request: Request, order: tuple[str, ...], sizes: Mapping[str, int] | None = None
) -> Layout:
    """The order at every breakpoint, with what the user pinned and resized."""
    surface, own = request.surface, request.profile.feedback.own_sizes
    given = own_sizes(surface, own) if surface.guardrails.sizes and own else None
    return pack(surface, order, sizes, pinned_cells(request), given)


def fixed_sizes(request: Request) -> Mapping[str, int]:
    """The size classes where the user's wishes leave no choice, see `fixed_order`."""
    feedback = request.profile.feedback
    if not request.surface.guardrails.sizes:
        return {}
    if feedback.override and feedback.override_visit == request.visit:
        return feedback.override_sizes
    is_held = (feedback.frozen or feedback.opted_out) and not feedback.plain
    return last_sizes(request) if is_held else {}


def fixed_order(request: Request) -> tuple[str, ...] | None:
    """The order if the user's wishes leave no choice; None if the engine may choose.

    Frozen and opted-out subjects keep their order, a plain one is the default; an order set by
    hand holds for its visit.
    """
    feedback = request.profile.feedback
    if feedback.override and feedback.override_visit == request.visit:
        order = complete(request.surface, feedback.override)
        return apply_pins(request.surface, order, feedback.pins)
    if feedback.plain:
        return apply_pins(request.surface, default_order(request.surface), feedback.pins)
    if feedback.frozen or feedback.opted_out:
        return last_order(request)
    return None


def fixed_layout(request: Request, version_id: str = "") -> Decision:
    """The decision if there is nothing to choose: the user's own order, or the default one."""
    held = fixed_order(request)
    feedback = request.profile.feedback
    status = "frozen" if feedback.frozen or feedback.opted_out else "adapted"
    status = "plain" if feedback.plain else status
    surface = request.surface
    order = held if held is not None else apply_pins(surface, default_order(surface), feedback.pins)
    return Decision(
        layout=_packed(request, order, fixed_sizes(request)),
        status=status if held is not None else "default",
        version=version_id,
        revision=request.surface.revision,
        visit=request.visit,
        generation=feedback.generation,
    )


def default_layout(request: Request) -> Layout:
    """The layout served without a version, without consent, or after an error."""
    return pack(request.surface, default_order(request.surface))


def pinned_cells(request: Request) -> dict[str, dict[str, Cell]]:
    """Per breakpoint, the cells of blocks that the user pinned there."""
    cells: dict[str, dict[str, Cell]] = {}
    pins: Mapping[str, Pin] = request.profile.feedback.pins
    for block_id, pin in pins.items():
        if pin.breakpoint:
            cells.setdefault(pin.breakpoint, {})[block_id] = Cell(pin.x, pin.y)
    return cells


def guardrail_case(request: Request, decision: Decision) -> Case:
    """Builds the input of the guardrails for a decision."""
    feedback = request.profile.feedback
    return Case(
        surface=request.surface,
        layout=decision.layout,
        before=last_order(request) if request.profile.order else (),
        sizes_before=last_sizes(request) if request.surface.guardrails.sizes else {},
        feedback=feedback,
        day=request.day,
        by_user=feedback.plain
        or (bool(feedback.override) and feedback.override_visit == request.visit),
    )
