"""Measures decisions in process with one thread and decoded tokens; growth by blocks and budget.

The page is the single column of `ml.replay`; people have eight visits. The peer is Vowpal Wabbit,
ranking as many blocks (a conditional contextual bandit with a slot per rank). The parts besides
planning have lines of their own. Growth is plotted to var/bench/planning.svg.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from ml.data.histories import page
from tests.bench.dashboards import dashboard_json
from tests.bench.measure import beside, line, milliseconds, processor_milliseconds
from uiengine import engine
from uiengine.behaviour import profile
from uiengine.behaviour.popularity import Popularity
from uiengine.model.prediction import Prediction
from uiengine.model.version_folder import load_version
from uiengine.page.layout import pack
from uiengine.page.reading_order import default_order
from uiengine.page.surface_json import parse
from uiengine.request import Request
from uiengine.search.evaluate import energies
from uiengine.search.planner import plan

COUNTS = (5, 12, 20, 50, 100, 200)
BUDGETS = (1, 2, 4, 8, 16, 32, 64)
TODAY = 40
PLOT = Path("var/bench/planning.svg")
VW = "Vowpal Wabbit's decision for as many blocks"
Case = tuple[Request, Prediction]


def person(count: int, group_size: int = 0) -> Case:
    """Builds a person whose needs have changed, so that blocks should move.

    group_size: blocks per group; 0 for a page without groups.
    """
    rng = np.random.default_rng(count)
    surface = page("page", [f"b{i:03}" for i in range(count)])
    if group_size:
        blocks = [
            replace(block, group=f"g{i // group_size:03}") for i, block in enumerate(surface.blocks)
        ]
        groups = tuple(dict.fromkeys(block.group for block in blocks))
        surface = replace(surface, blocks=tuple(blocks), groups=groups)
    names, needs = [b.id for b in surface.blocks], rng.dirichlet(np.full(count, 0.5), 2)
    known = profile.Profile()
    for day in range(TODAY - 8, TODAY):
        profile.fold_visit(known, day, set(rng.choice(names, 4, p=needs[0])), names)
    share = 0.2 * needs[0] + 0.8 * needs[1]
    sizes = np.ones(count, dtype=np.int64)
    prediction = Prediction((1, 2, 3), share, share, share, share, share, sizes, 0, 0.0)
    return Request(surface, known, Popularity(), TODAY), prediction


def bandit(count: int) -> Callable[[], object]:
    """Returns a function with which Vowpal Wabbit ranks `count` blocks."""
    from vowpalwabbit import Workspace

    bandit = Workspace("--ccb_explore_adf --epsilon 0.1 --quiet")
    actions = [f"ccb action | id=b{i} uses:{i / count}" for i in range(count)]

    def lines(outcome: str) -> list[str]:
        slots = [f"ccb slot {outcome.format(i)}| rank={i}" for i in range(count)]
        return ["ccb shared | visits:8", *actions, *slots]

    bandit.learn(lines("{0}:0.1:0.9 "))
    asked = lines("")
    return lambda: bandit.predict(asked)


def decided(name: str, case: Case, count: int) -> float:
    """Prints a line for a whole decision: search, reasons, packing into the column.

    Returns the median of its processor time in ms.
    """
    request, prediction = case

    def decide() -> object:
        return engine.choose(request, prediction, "v")

    value, p99 = milliseconds(decide)
    own, other = processor_milliseconds(decide), processor_milliseconds(bandit(count), 50)
    scored = plan(request, prediction).scored
    more = {"p99": p99, "processor": own, "scored": scored, "budget": request.budget}
    line(f"decide, {name}", value, "ms", VW, other, **more)
    return own


def growth() -> dict[str, list[float]]:
    """Returns medians of processor time in ms, by number of blocks and by budget."""
    found = {
        "one group": [decided(f"{n} blocks", person(n), n) for n in COUNTS],
        "groups of 10": [decided(f"{n} blocks in groups of 10", person(n, 10), n) for n in COUNTS],
        "Vowpal Wabbit": [processor_milliseconds(bandit(n), 50) for n in COUNTS],
    }
    request, prediction = person(100)
    rules = replace(request.surface.guardrails, move_budget=100)
    request = replace(request, surface=replace(request.surface, guardrails=rules))
    found["budget"] = [
        processor_milliseconds(lambda b=budget: plan(replace(request, budget=b), prediction), 50)
        for budget in BUDGETS
    ]
    for budget, value in zip(BUDGETS, found["budget"], strict=True):
        name = f"plan, 100 blocks that may all move, budget {budget}, processor time"
        line(name, value, "ms", "budget 1: no search", found["budget"][0])
    return found


def plot(found: dict[str, list[float]]) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    for name in ("one group", "groups of 10", "Vowpal Wabbit"):
        left.loglog(COUNTS, found[name], marker="o", label=name)
    left.set(
        xlabel="blocks", ylabel="processor ms per decision (median)", title="Growth with blocks"
    )
    left.legend()
    right.plot(BUDGETS, found["budget"], marker="o")
    right.set(xlabel="budget (candidates)", title="Search among 100 blocks, all may move")
    right.set_ylim(bottom=0)
    PLOT.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(PLOT)
    pyplot.close(figure)


def parts() -> None:
    """Measures the parts of a decision besides the search."""
    request, prediction = person(12)
    rng, names = np.random.default_rng(0), [b.id for b in request.surface.blocks]
    orders = [list(rng.permutation(names)) for _ in range(32)]
    beside(
        "score 32 candidates of 12 blocks",
        lambda: energies(request, prediction, orders),
        "sorting them 32 times by demand",
        lambda: [np.argsort(-prediction.demand) for _ in orders],
    )
    version = load_version("fixtures/innate")
    for count in (12, 100):
        asked, _ = person(count)
        beside(
            f"encode and decode by ONNX Runtime, {count} blocks",
            lambda a=asked: version.read([a]),
            "sorting as many numbers",
            lambda c=count: np.sort(np.random.default_rng(0).random(c)),
        )
        surface = parse(dashboard_json(count))
        order = default_order(surface)
        beside(
            f"pack, {count} blocks, five breakpoints",
            lambda s=surface, o=order: pack(s, o),
            "listing the blocks five times",
            lambda s=surface: [[(b.id, b.kind) for b in s.blocks] for _ in range(5)],
        )


def run() -> None:
    plot(growth())
    parts()


if __name__ == "__main__":
    run()
