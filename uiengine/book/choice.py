"""Chooses a person's byte: the entry that pays, from the one they have."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from uiengine.book.book import Book
from uiengine.engine import fixed_order
from uiengine.model.prediction import Prediction
from uiengine.request import Request
from uiengine.search.assignment import Assignment, assignment_of

LEAST_SAVING = 0.005
"""Seconds over the horizon that another entry must save. With 0 a book moves 1 % more than the
engine, as it offers fewer places to rest (ml/LOG.md)."""


@dataclass(frozen=True)
class Choice:
    """byte: the entry, None where the person keeps an order that is no entry; energy: modelled
    seconds over the horizon; saves: seconds that the change saves."""

    byte: int | None
    order: tuple[str, ...]
    energy: float
    saves: float


def has_wishes(request: Request) -> bool:
    """True if only the engine can serve them: pins, own sizes, blocks put away, freezing, opting
    out, or an undone move."""
    feedback = request.profile.feedback
    undone = any(u.until_day > request.day for u in feedback.undone)
    is_away = request.surface.guardrails.put_away and (feedback.folded or feedback.tray)
    is_sized = request.surface.guardrails.sizes and feedback.own_sizes
    is_held = bool(feedback.pins or is_away or is_sized) or undone
    return is_held or fixed_order(request) is not None


def choose_byte(request: Request, prediction: Prediction, book: Book) -> Choice:
    """The entry of least horizon energy that the last order leads to within the move budget.

    A newcomer gets the newcomers' entry. Where no entry is in reach, the last order stays.
    """
    if not request.profile.order:
        return Choice(0, book.order(0), 0.0, 0.0)
    assignment = assignment_of(request, prediction)
    place = np.argsort(assignment.blocks)
    entries = place[book.orders]
    reached = assignment.keeps_rules(entries).nonzero()[0]
    staying = float(assignment.total(assignment.places[None])[0])
    if not reached.size:
        return _stays(assignment, book, staying)
    energies = assignment.total(entries[reached])
    best = int(energies.argmin())
    if energies[best] >= staying - LEAST_SAVING:
        return _stays(assignment, book, staying)
    byte, energy = int(reached[best]), float(energies[best])
    return Choice(byte, book.order(byte), energy, staying - energy)


def _stays(assignment: Assignment, book: Book, energy: float) -> Choice:
    return Choice(book.bytes_by_order.get(assignment.last), assignment.last, energy, 0.0)
