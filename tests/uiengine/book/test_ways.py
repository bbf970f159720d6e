"""No block is stuck where the newcomers' entry has it: a byte leads higher, step by step."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from uiengine.behaviour.popularity import Popularity
from uiengine.behaviour.profile import Profile, fold_visit
from uiengine.book.book import Book, make_book
from uiengine.book.choice import choose_byte
from uiengine.model.version_folder import load_version
from uiengine.page.surface_json import parse
from uiengine.request import Request

FIXTURES = Path(__file__).parents[3] / "fixtures"
DAY, DAYS = 20_000, 20


@pytest.fixture(scope="module")
def version():
    return load_version(FIXTURES / "innate")


@pytest.fixture(scope="module", params=["bank", "shop_account", "course_home", "ungrouped"])
def book(request, version) -> Book:
    """Of pages that ship, and of one without its groups, where any block may move anywhere."""
    name = "course_home" if request.param == "ungrouped" else request.param
    page = json.loads((FIXTURES / f"surfaces/{name}.json").read_text())
    if request.param == "ungrouped":
        page |= {"groups": [], "blocks": [{**block, "group": ""} for block in page["blocks"]]}
    return make_book(parse(page), version, Popularity(), DAY)


def in_reach(book: Book) -> np.ndarray:
    """The entries that a way of visits leads to from the first, each within the move budget."""
    moved = (book.orders[:, None] != book.orders).sum(axis=2)
    is_near = moved <= book.surface.guardrails.move_budget
    reached = np.arange(len(book.orders)) == 0
    while (more := is_near[reached].any(axis=0) & ~reached).any():
        reached |= more
    return reached


def groups(book: Book) -> dict[str, list[str]]:
    """Movable blocks by group, of groups with a choice."""
    found: dict[str, list[str]] = {}
    for block in book.surface.blocks:
        if not block.is_pinned:
            found.setdefault(block.group, []).append(block.id)
    return {name: ids for name, ids in found.items() if len(ids) > 1}


def place(order: tuple[str, ...], ids: list[str], block: str) -> int:
    return [other for other in order if other in ids].index(block)


def test_each_block_that_is_not_first_of_its_group_is_led_higher(book) -> None:
    orders = [book.order(byte) for byte in np.flatnonzero(in_reach(book)).tolist()]
    for ids in groups(book).values():
        for block in ids:
            first = place(book.order(0), ids, block)
            assert not first or min(place(order, ids, block) for order in orders) < first, block


def test_who_uses_one_block_alone_has_it_first_or_second_of_its_group(book, version) -> None:
    people = {block: Profile() for ids in groups(book).values() for block in ids}
    for day in range(DAY, DAY + DAYS):
        requests = [
            Request(book.surface, person, book.popularity, day, str(day))
            for person in people.values()
        ]
        read = version.read(requests)
        for block, request, prediction in zip(people, requests, read, strict=True):
            fold_visit(request.profile, day, [block], choose_byte(request, prediction, book).order)

    for ids in groups(book).values():
        for block in ids:
            assert place(people[block].order, ids, block) <= 1, block
