"""Simulates logs whose true values are known.

People with known needs visit a page. One version's planner proposes layouts, exploration draws one
with its exact propensity, and the reward is minus the modelled seconds of one use. The target is
another version, which prefers other layouts among the proposed ones. Its true value follows from
the needs; every log draws its people anew.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ml.ope.log import LoggedVisit
from ml.ope.support import is_supported
from uiengine.behaviour.popularity import Popularity
from uiengine.behaviour.profile import Profile, familiarity_kept
from uiengine.cost.cost_matrix import geometry
from uiengine.cost.energy import choice_probability, expertise, selection_seconds
from uiengine.decision import Candidate
from uiengine.model.prediction import Prediction
from uiengine.page.surface import Surface
from uiengine.page.surface_json import MOST_EXPLORATION, parse
from uiengine.request import Request
from uiengine.search import evaluate
from uiengine.search.assignment import last_order
from uiengine.search.exploration import explore, propensities
from uiengine.search.planner import plan

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
BLOCKS = 8
VISITS = 5
"""Mean number of visits per person."""
APART = 0.3
"""Standard deviation of a version's errors about people's needs, in natural logarithms."""
NOISE = 0.2
"""Standard deviation of the logarithm of a use's seconds around the model."""


@dataclass(frozen=True)
class Context:
    """One visit before its layout is drawn.

    layouts: K, best first for the logging version. energies: (K,), by the logging version. logged,
    target: (K,) probabilities. need: (N,), true share of uses. seconds: (K, N), of using a block.
    """

    layouts: tuple[tuple[str, ...], ...]
    energies: Floats
    logged: Floats
    target: Floats
    need: Floats
    seconds: Floats

    @property
    def value(self) -> float:
        """Expected reward of the visit under the target."""
        return -float(self.target @ self.seconds @ self.need)

    @property
    def is_supported(self) -> bool:
        return is_supported(self.visit("", 0, 0.0))

    def visit(self, user: str, chosen: int, reward: float) -> LoggedVisit:
        return LoggedVisit(
            user, "page", self.layouts, self.logged, self.target, self.energies, chosen, reward
        )


@dataclass(frozen=True)
class World:
    """A finite population; each person is a tuple of visits. share: of visits that explore."""

    people: tuple[tuple[Context, ...], ...]
    share: float

    @property
    def value(self) -> float:
        """True mean reward of the target over the visits that have support in the log."""
        contexts = [c for person in self.people for c in person if c.is_supported]
        return float(np.mean([c.value for c in contexts]))


def make_world(
    people: int, seed: int, share: float = MOST_EXPLORATION, apart: float = APART
) -> World:
    """Draws a population. apart: standard deviation of the versions' errors on needs."""
    rng = np.random.default_rng(seed)
    surface = _page(share)
    visits = 1 + rng.poisson(VISITS - 1, people)
    return World(tuple(tuple(_contexts(rng, surface, int(n), apart)) for n in visits), share)


def _page(share: float) -> Surface:
    return parse(
        {
            "slug": "page",
            "breakpoints": [
                {"name": "page", "min_width": 320, "columns": 1, "viewport_height": 10_000}
            ],
            "guardrails": {"exploration": share},
            "blocks": [{"id": f"b{i}"} for i in range(BLOCKS)],
        }
    )


def _contexts(
    rng: np.random.Generator, surface: Surface, visits: int, apart: float
) -> list[Context]:
    need = rng.dirichlet(np.full(BLOCKS, 0.7))
    logging, target = (_decoded(rng, need, apart) for _ in range(2))
    found = []
    for _ in range(visits):
        order = np.argsort(-need * rng.lognormal(0, 1, BLOCKS))
        names = tuple(surface.blocks[i].id for i in order)
        familiarity = {name: float(rng.exponential(8)) for name in names}
        profile = Profile(order=names, visits=5, familiarity=familiarity)
        request = Request(surface, profile, Popularity(), day=10)
        found.append(_context(request, logging, target, need))
    return found


def _decoded(rng: np.random.Generator, need: Floats, apart: float) -> Prediction:
    """Returns a version's prediction: the true need with a multiplicative error."""
    share = need * rng.lognormal(0, apart, BLOCKS) + 0.01
    share /= share.sum()
    sizes = np.ones(BLOCKS, dtype=np.int64)
    return Prediction((0,), share, share, share, share, share, sizes, 0, 0.0)


def _context(request: Request, logging: Prediction, target: Prediction, need: Floats) -> Context:
    best = plan(request, logging)
    drawn = best.candidates or (Candidate(best.order, best.energy, 1.0),)
    layouts = tuple(candidate.order for candidate in drawn)
    index = request.surface.index
    orders = np.array([[index[block] for block in order] for order in layouts])
    ranks = np.argsort(orders, axis=1)
    shifts = ranks - np.argsort([index[block] for block in last_order(request)])
    wanted = evaluate.energies(request, target, layouts)
    share = request.surface.guardrails.exploration
    chances = np.zeros(len(orders))
    best_first = np.argsort(wanted, kind="stable")
    chances[best_first] = propensities(wanted[best_first].tolist(), share)
    pointing = geometry(request.surface, target.size_class).pointing(orders)
    kept = np.vectorize(familiarity_kept)(shifts)
    known = np.array([request.profile.familiarity[b.id] for b in request.surface.blocks])
    seconds = selection_seconds(ranks, expertise(known * kept), choice_probability(need), pointing)
    energies = np.array([candidate.energy for candidate in drawn])
    logged = np.array([candidate.propensity for candidate in drawn])
    return Context(layouts, energies, logged, chances, need, seconds)


def draw_log(world: World, users: int, seed: int) -> list[LoggedVisit]:
    """Draws `users` people with replacement, and serves each visit with exploration."""
    rng = np.random.default_rng(seed)
    visits = []
    for number, person in enumerate(rng.integers(len(world.people), size=users)):
        for context in world.people[person]:
            chosen, _ = explore(context.energies.tolist(), world.share, int(rng.integers(2**63)))
            used = min(int(np.searchsorted(context.need.cumsum(), rng.random())), BLOCKS - 1)
            noise = rng.lognormal(-(NOISE**2) / 2, NOISE)
            seconds = float(context.seconds[chosen, used] * noise)
            visits.append(context.visit(str(number), chosen, -seconds))
    return visits


def write_example(folder: Path, users: int = 60, seed: int = 0) -> tuple[Path, Path]:
    """Writes a small log and its target, of people whose every visit has support."""
    world = make_world(users, seed)
    people = tuple(tuple(c for c in person if c.is_supported) for person in world.people)
    visits = draw_log(World(people, world.share), users, seed)
    log, target = folder / "log.jsonl", folder / "target.jsonl"
    with log.open("w") as logged, target.open("w") as wanted:
        for number, visit in enumerate(visits):
            name = {"user": visit.user, "surface": visit.surface, "visit": str(number)}
            served = {
                "layout": visit.layouts[visit.chosen],
                "propensity": visit.logged[visit.chosen],
                "reward": visit.reward,
                "candidates": _candidates(visit, visit.logged),
            }
            logged.write(json.dumps({**name, **served}) + "\n")
            chances = _candidates(visit, visit.target)
            wanted.write(json.dumps({**name, "candidates": chances}) + "\n")
    return log, target


def _candidates(visit: LoggedVisit, chances: Floats) -> list[dict[str, object]]:
    energies = visit.energies if visit.energies is not None else np.zeros(len(chances))
    table = zip(visit.layouts, chances.tolist(), energies.tolist(), strict=True)
    return [{"layout": y, "propensity": p, "energy": e} for y, p, e in table]
