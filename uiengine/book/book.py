"""A book: the layouts of a page on a day, for a version. Public, and the same for everybody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from uiengine.behaviour.popularity import Popularity
from uiengine.behaviour.profile import Profile
from uiengine.book.device import net_of
from uiengine.book.selection import Reached, expected_demand, reached, select
from uiengine.book.states import States, imagined_states, known_states, together
from uiengine.cost.energy import Floats, Ints
from uiengine.decision import Reason
from uiengine.explain import public_reasons
from uiengine.model.prediction import Prediction
from uiengine.model.student import Net
from uiengine.model.version import CodebookVersion
from uiengine.page.layout import Layout, pack
from uiengine.page.reading_order import default_order
from uiengine.page.surface import Surface
from uiengine.request import Request
from uiengine.search.assignment import assignment_of, order_constraints
from uiengine.search.planner import plan

MOST_ENTRIES = 256
"""As many as a byte can name."""


@dataclass(frozen=True)
class Book:
    """The entries of a page's book, the newcomers' first.

    orders: positions in `surface.blocks`, (K, N); demand: expected shares of the uses of the people
    of each entry, (K, N), in the order of `surface.blocks`; day: whole days since 1970; net: by
    which a browser reads its person, None in a book that is not to be published.
    """

    surface: Surface
    version: str
    day: int
    popularity: Popularity
    orders: Ints
    demand: Floats
    net: Net | None = None

    def order(self, byte: int) -> tuple[str, ...]:
        return tuple(self.surface.blocks[i].id for i in self.orders[byte].tolist())

    def layout(self, byte: int) -> Layout:
        """The entry packed at every breakpoint, with the blocks' default sizes."""
        return pack(self.surface, self.order(byte))

    def reasons(self, byte: int) -> tuple[Reason, ...]:
        """Why the entry differs from the default, as far as it is true for whoever reads it."""
        demand = dict(zip(self.surface.index, self.demand[byte].tolist(), strict=True))
        return public_reasons(self.surface, self.popularity, self.day, demand, self.order(byte))

    @cached_property
    def bytes_by_order(self) -> Mapping[tuple[str, ...], int]:
        return {self.order(byte): byte for byte in range(len(self.orders))}


@dataclass(frozen=True)
class _Lasting:
    """What does not depend on the day."""

    imagined: States
    orders: Ints
    reached: Reached


def make_book(
    surface: Surface,
    version: CodebookVersion,
    popularity: Popularity,
    day: int,
    most: int = MOST_ENTRIES,
) -> Book:
    """Makes the book of a day. The same for equal arguments.

    Its orders are chosen once for a version and page, so that they last from day to day, and from
    each leads a way to others; which of them newcomers get and the expected demand are the day's.
    """
    lasting = _lasting(surface, version, most)
    newcomer = Request(surface, Profile(), popularity, day)
    prediction = version.read([newcomer])[0]
    states = _states(newcomer, version, lasting.imagined)
    demand = expected_demand(states, lasting.reached.which, len(lasting.orders))
    first = _newcomers(newcomer, prediction, lasting)
    demand[first] = prediction.share
    ranked = [first, *(i for i in range(len(lasting.orders)) if i != first)]
    net = net_of(version, surface, popularity, day, prediction.share)
    return Book(surface, version.id, day, popularity, lasting.orders[ranked], demand[ranked], net)


def _lasting(surface: Surface, version: CodebookVersion, most: int) -> _Lasting:
    """Cached with the surface."""
    key = f"book {most} of {version.id}"
    known: _Lasting | None = surface.memory.get(key)
    if known is not None:
        return known
    nobody = Request(surface, Profile(), Popularity(), 0)
    imagined = imagined_states(surface, version)
    states = _states(nobody, version, imagined)
    sections = order_constraints(nobody, default_order(surface)).sections
    orders = select(surface, sections, states, _served_to(nobody, version), most)
    found = surface.memory[key] = _Lasting(imagined, orders, reached(surface, states, orders))
    return found


def _states(newcomer: Request, version: CodebookVersion, imagined: States) -> States:
    """The known states as they are read on the request's day, then the imagined ones."""
    served = version.served.get(newcomer.surface.slug)
    if not served:
        return imagined
    return together(known_states(newcomer, version, served), imagined)


def _newcomers(request: Request, prediction: Prediction, lasting: _Lasting) -> int:
    """The entry that costs newcomers the least: at first, and where it leads them later."""
    assignment = assignment_of(request, prediction)
    at_first = assignment.total(np.argsort(assignment.blocks)[lasting.orders])
    return int((at_first + lasting.reached.later).argmin())


def _served_to(request: Request, version: CodebookVersion) -> Ints:
    """The best order for this request, never a drawn one, as positions in `surface.blocks`."""
    prediction = version.read([request])[0]
    surface = request.surface
    plain = replace(surface, guardrails=replace(surface.guardrails, exploration=0.0))
    order = plan(replace(request, surface=plain), prediction).order
    return np.array([surface.index[block_id] for block_id in order], dtype=np.int64)
