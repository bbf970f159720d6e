"""Takes a decision apart, from a person's profile to the boxes on their page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from django.utils.safestring import SafeString, mark_safe

from uiengine import engine, guardrails
from uiengine.behaviour.profile import DAY_HALF_LIVES, BlockUse, day_uses_at
from uiengine.decision import Decision
from uiengine.explain import sentence
from uiengine.model.codebook import TOKEN_BITS
from uiengine.model.prediction import Prediction
from uiengine.model.version import CodebookVersion
from uiengine.page.layout import moved_blocks
from uiengine.page.reading_order import apply_pins, default_order
from uiengine.page.surface import Breakpoint
from uiengine.request import Request
from uiengine.search.assignment import last_order
from uiengine.search.planner import plan
from webapp.studio.gallery import drawn
from webapp.surfaces.preview import picture

MOST_CANDIDATES = 6
EVERY = 1000
"""Number of variants to ask for: more than a usual search scores, so that all are returned."""
WIDTH = 340
"""Width in pixels of a picture at the widest breakpoint."""
LEAST_WIDTH = 110


@dataclass(frozen=True)
class BlockFacts:
    """Figures of one block.

    uses: decayed counts per half-life of DAY_HALF_LIVES. known: familiarity u, the uses since it
    last moved. ago: days since its last use, None if never used. tokens_share, share: predicted
    shares of coming uses, from the tokens alone and with the side input. Ranks count from 1.
    """

    title: str
    uses: tuple[float, ...]
    known: float
    ago: int | None
    tokens_share: float
    share: float
    demand: float
    rank: int
    rank_before: int
    rank_default: int
    is_pinned: bool


@dataclass(frozen=True)
class Candidate:
    """A layout that was scored.

    seconds: modelled over the horizon. more: seconds above those of the chosen layout.
    """

    names: tuple[str, ...]
    order: tuple[str, ...]
    moved: int
    seconds: float
    more: float


@dataclass(frozen=True)
class TokenStep:
    """The page that the first `number` tokens decode to."""

    number: int
    token: int
    svg: SafeString


@dataclass(frozen=True)
class Rule:
    name: str
    sentence: str
    broken: tuple[str, ...]


@dataclass(frozen=True)
class Anatomy:
    """A decision with its inputs, candidates and rules.

    decided_by: search (System 2), tokens (System 1) or the person. is_first: whether the person
    has seen no earlier layout of ours, so that nothing counts as moved.
    """

    decision: Decision
    decided_by: str
    visits: int
    tokens: tuple[TokenStep, ...]
    blocks: tuple[BlockFacts, ...]
    candidates: tuple[Candidate, ...]
    boxes: tuple[tuple[Breakpoint, SafeString], ...]
    rules: tuple[Rule, ...]
    reasons: tuple[str, ...]
    moved: tuple[str, ...]
    is_first: bool

    @property
    def bits(self) -> int:
        return TOKEN_BITS * len(self.tokens)

    @property
    def broken(self) -> int:
        return sum(len(rule.broken) for rule in self.rules)


HALF_LIVES = tuple(int(h) for h in DAY_HALF_LIVES)


def take_apart(
    request: Request, version: CodebookVersion, *, at: str = "", shown: Decision | None = None
) -> Anatomy:
    """Explains a decision.

    at: limits the pictures to one breakpoint; all where empty. shown: the decision as served;
    where it is None, it is decided here.
    """
    prediction = version.read([request])[0]
    decision = shown or engine.choose(request, prediction, version.id)
    titles = {block.id: block.title for block in request.surface.blocks}
    return Anatomy(
        decision=decision,
        decided_by=_decided_by(request, decision),
        visits=request.profile.visits,
        tokens=_steps(request, version, prediction.tokens),
        blocks=_blocks(request, prediction, decision),
        candidates=_candidates(request, version, prediction, decision),
        boxes=_boxes(request, prediction, decision, at),
        rules=_rules(request, decision),
        reasons=tuple(dict.fromkeys(sentence(reason) for reason in decision.reasons)),
        moved=tuple(titles[b] for b in decision.stability.moved),
        is_first=not request.profile.order,
    )


def _decided_by(request: Request, decision: Decision) -> str:
    if decision.status == "plain":
        return "the person: they chose the order without profiling"
    if decision.status == "frozen":
        return "the person: the page is frozen, or they opted out"
    if engine.fixed_order(request) is not None:
        return "the person: they set this order themselves in this visit"
    if decision.status != "adapted":
        return f"nobody: the status is {decision.status}"
    how = "a search (System 2)" if decision.system == 2 else "the tokens alone (System 1)"
    return f"{how}, drawn to explore" if decision.explored else how


def _steps(
    request: Request, version: CodebookVersion, tokens: tuple[int, ...]
) -> tuple[TokenStep, ...]:
    lists = [tokens[:n] for n in range(1, len(tokens) + 1)]
    predictions = version.decode(request, lists)
    return tuple(
        TokenStep(len(some), some[-1], drawn(request.surface, one)[0])
        for some, one in zip(lists, predictions, strict=True)
    )


def _blocks(request: Request, prediction: Prediction, decision: Decision) -> tuple[BlockFacts, ...]:
    """Lists the blocks' figures in the order of the layout."""
    surface, profile = request.surface, request.profile
    now, before = decision.layout.ranks, last_order(request)
    default = default_order(surface)
    facts = []
    for i, block in enumerate(surface.blocks):
        use = profile.blocks.get(block.id)
        facts.append(
            BlockFacts(
                title=block.title,
                uses=day_uses_at(use or BlockUse(), request.day),
                known=profile.familiarity.get(block.id, 0.0),
                ago=max(request.day - use.day, 0) if use else None,
                tokens_share=float(prediction.tokens_share[i]),
                share=float(prediction.share[i]),
                demand=float(prediction.demand[i]),
                rank=now[block.id] + 1,
                rank_before=before.index(block.id) + 1,
                rank_default=default.index(block.id) + 1,
                is_pinned=block.is_pinned or block.id in profile.feedback.pins,
            )
        )
    return tuple(sorted(facts, key=lambda f: f.rank))


def _candidates(
    request: Request, version: CodebookVersion, prediction: Prediction, decision: Decision
) -> tuple[Candidate, ...]:
    """Lists the best scored layouts, and always the chosen, the last and the decoded one."""
    if decision.energy is None:
        return ()
    near = version.neighbours(request, prediction.tokens, engine.NEIGHBOURS)
    scored = dict(plan(replace(request, variants=EVERY), prediction, near).variants)
    scored.setdefault(decision.layout.order, decision.energy)
    stay, by_tokens = last_order(request), _decoded_order(request, prediction)
    named = ((decision.layout.order, "chosen"), (stay, "stay"), (by_tokens, "as decoded"))
    best = sorted(scored, key=lambda order: scored[order])
    kept = [o for o in best if o in best[:MOST_CANDIDATES] or o in (n for n, _ in named)]
    titles = {block.id: block.title for block in request.surface.blocks}
    return tuple(
        Candidate(
            names=tuple(name for other, name in named if other == order),
            order=tuple(titles[b] for b in order),
            moved=len(moved_blocks(stay, order)) if request.profile.order else 0,
            seconds=scored[order],
            more=scored[order] - decision.energy,
        )
        for order in kept
    )


def _decoded_order(request: Request, prediction: Prediction) -> tuple[str, ...]:
    ids = [block.id for block in request.surface.blocks]
    by_score = [ids[i] for i in np.argsort(-prediction.score, kind="stable")]
    return apply_pins(request.surface, by_score, request.profile.feedback.pins)


def _boxes(
    request: Request, prediction: Prediction, decision: Decision, at: str
) -> tuple[tuple[Breakpoint, SafeString], ...]:
    surface = request.surface
    shares = {b.id: float(p) for b, p in zip(surface.blocks, prediction.share, strict=True)}
    shown: Sequence[Breakpoint] = [b for b in surface.breakpoints if at in ("", b.name)]
    widest = max(b.width for b in shown)
    found = []
    for point in shown:
        width = max(LEAST_WIDTH, round(WIDTH * point.width / widest))
        placed = decision.layout.placements[point.name]
        found.append((point, mark_safe(picture(surface, point, placed, width, demand=shares))))
    return tuple(found)


def _rules(request: Request, decision: Decision) -> tuple[Rule, ...]:
    broken: dict[str, list[str]] = {}
    for violation in guardrails.check(engine.guardrail_case(request, decision)):
        broken.setdefault(violation.rule, []).append(violation.where)
    names = ((rule.__name__.rsplit(".", 1)[-1], rule.SENTENCE) for rule in guardrails.RULES)
    return tuple(Rule(name, says, tuple(broken.get(name, ()))) for name, says in names)
