"""The byte that the browser's module chooses is the one of the engine's arithmetic in Python."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.uiengine.model.test_student import made_up
from tests.webapp.edge import node
from uiengine.behaviour.popularity import Popularity, fold_day
from uiengine.behaviour.profile import Profile, fold_visit
from uiengine.book.book import Book, make_book
from uiengine.book.book_json import book_json
from uiengine.book.choice import Choice, choose_byte
from uiengine.book.device import expected_on_device
from uiengine.cost.cost_matrix import geometry
from uiengine.cost.energy import Outlook, horizon_energy
from uiengine.model.version_folder import load_version
from uiengine.page.reading_order import apply_pins
from uiengine.page.surface import Surface
from uiengine.page.surface_json import parse
from uiengine.request import Request

ROOT = Path(__file__).parents[3]
FIXTURES = ROOT / "fixtures"
SCRIPT = ROOT / "webapp/layouts/static/uiengine/adaptive-device.js"
PAGES = ("bank", "operations", "shop_account")
DAY, PEOPLE, OUTLOOKS = 20_000, 60, 20


@dataclass
class Person:
    """visits: day, used blocks and the order shown, of each visit."""

    book: Book
    profile: Profile
    visits: list[tuple[int, list[str], tuple[str, ...]]]

    @property
    def request(self) -> Request:
        return Request(self.book.surface, self.profile, self.book.popularity, DAY)

    @property
    def choice(self) -> Choice:
        assert self.book.net is not None
        return choose_byte(self.request, expected_on_device(self.request, self.book.net), self.book)


def _marked(page: dict[str, Any]) -> dict[str, Any]:
    """Every third block leads on, every fourth helps, on the last of PAGES."""
    for place, block in enumerate(page["blocks"] if page["slug"] == "shop-account" else ()):
        if not block.get("pinned"):
            block |= {"navigation": place % 3 == 0, "help": place % 4 == 0}
    return page


def _unmarked(surface: Surface) -> Surface:
    blocks = tuple(replace(block, navigation=False, help=False) for block in surface.blocks)
    return replace(surface, blocks=blocks)


@pytest.fixture(scope="module")
def books() -> dict[str, Book]:
    """The first page is read by the rule, the others by students of random weights."""
    version = load_version(FIXTURES / "innate")
    found = {}
    for place, slug in enumerate(PAGES):
        surface = parse(_marked(json.loads((FIXTURES / f"surfaces/{slug}.json").read_text())))
        used = {block.id: 3.0 + (7 * i) % 11 for i, block in enumerate(surface.blocks)}
        busy = fold_day(Popularity(), DAY - 2, used, sum(used.values()), used, 90)
        version.students = {surface.slug: made_up(surface, hidden=16)} if place else {}
        # Nobody was on the first page.
        found[surface.slug] = make_book(surface, version, busy if place else Popularity(), DAY)
    return found


def person(book: Book, drawn: np.random.Generator) -> Person:
    """Somebody with up to 25 visits over two months, most shown entries, some another order."""
    profile, ids = Profile(), list(book.surface.index)
    need = drawn.dirichlet(np.full(len(ids), 0.3))
    visits, order = [], book.order(0)
    days = np.sort(drawn.integers(DAY - 60, DAY, drawn.integers(0, 26)))
    for day in days.tolist():
        used = drawn.choice(ids, drawn.integers(0, 3), p=need).tolist()
        if drawn.random() < 0.3:
            order = book.order(int(drawn.integers(len(book.orders))))
        elif drawn.random() < 0.1:
            # As it was before the team marked blocks.
            order = apply_pins(_unmarked(book.surface), drawn.permutation(ids).tolist(), {})
        visits.append((day, used, order))
        fold_visit(profile, day, used, order)
    return Person(book, profile, visits)


def _places(book: Book, drawn: np.random.Generator) -> list[int]:
    """A random order within the page's groups, as positions in `surface.blocks`."""
    index = book.surface.index
    order = apply_pins(book.surface, drawn.permutation(list(index)).tolist(), {})
    return [index[block] for block in order]


def of_outlook(book: Book, drawn: np.random.Generator) -> tuple[dict[str, Any], list[float]]:
    """A random outlook with random orders, and their energies by the definition."""
    surface, count = book.surface, len(book.surface.blocks)
    demand, base = drawn.dirichlet(np.ones(count), 2)
    known = Outlook(demand, base, drawn.integers(0, 9, count).astype(float))
    last, *orders = np.array([_places(book, drawn) for _ in range(7)])
    orders = np.array(orders)
    ranks = orders.argsort(axis=1)
    sizes = geometry(surface, np.ones(count, dtype=np.int64))
    seconds = horizon_energy(ranks, ranks - last.argsort(), sizes.pointing(orders), known)
    outlook = {
        "demand": demand.tolist(),
        "base": base.tolist(),
        "familiarity": known.familiarity.tolist(),
    }
    asked = {
        "book": surface.slug,
        "outlook": outlook,
        "last": last.tolist(),
        "orders": orders.tolist(),
    }
    return asked, seconds.tolist()


@pytest.fixture(scope="module")
def people(books: dict[str, Book]) -> list[Person]:
    drawn = np.random.default_rng(17)
    return [person(book, drawn) for book in books.values() for _ in range(PEOPLE)]


@pytest.fixture(scope="module")
def outlooks(books: dict[str, Book]) -> list[tuple[dict[str, Any], list[float]]]:
    drawn = np.random.default_rng(18)
    return [of_outlook(book, drawn) for book in books.values() for _ in range(OUTLOOKS)]


@pytest.fixture(scope="module")
def answers(books, people, outlooks, tmp_path_factory) -> dict[str, Any]:
    given = {
        "books": {slug: json.loads(book_json(book)) for slug, book in books.items()},
        "people": [{"book": p.book.surface.slug, "day": DAY, "visits": p.visits} for p in people],
        "outlooks": [asked for asked, _ in outlooks],
    }
    found: dict[str, Any] = node.run("choose.mjs", tmp_path_factory.mktemp("n") / "in", given)
    return found


def test_the_module_is_at_most_3_kb_gzipped_and_imports_nothing() -> None:
    assert len(gzip.compress(SCRIPT.read_bytes())) <= 3000
    assert "import" not in SCRIPT.read_text()


def test_the_modules_energies_are_the_horizon_energies(answers, outlooks) -> None:
    expected = [seconds for _, seconds in outlooks]
    np.testing.assert_allclose(answers["seconds"], expected, rtol=0, atol=1e-6)


def test_the_module_folds_visits_as_the_server_does(answers, people) -> None:
    for kept, person in zip(answers["profiles"], people, strict=True):
        profile = person.profile
        assert kept["visits"] == profile.visits
        assert tuple(kept["order"]) == profile.order
        assert {name for name, _ in kept["blocks"]} == set(profile.blocks)
        for name, (uses, short, long, visit, days, month, day) in kept["blocks"]:
            block = profile.blocks[name]
            assert uses == pytest.approx(profile.familiarity[name])
            assert (short, long) == pytest.approx(block.visit_shares)
            assert (days, month) == pytest.approx((block.day_uses[0], block.day_uses[2]))
            assert (visit, day) == (block.visit, block.day)


def test_the_byte_is_that_of_the_reference_in_python(answers, people) -> None:
    for found, person in zip(answers["chosen"], people, strict=True):
        expected = person.choice
        assert (found["byte"], tuple(found["order"])) == (expected.byte, expected.order)
        assert found["saves"] == pytest.approx(expected.saves, abs=1e-6)


def test_a_book_of_before_leaves_a_persons_order_as_it_is(books, people, tmp_path) -> None:
    """It says how everybody used the page lately, which this module no longer reads."""
    olds = {slug: json.loads(book_json(book)) for slug, book in books.items()}
    for old in olds.values():
        old["device"] = {"lately": [[500, 500]], "per_mille": 1000, "weights": []}
    known = [person for person in people if person.visits]
    asked = [{"book": p.book.surface.slug, "day": DAY, "visits": p.visits} for p in known]
    given = {"books": olds, "people": asked, "outlooks": []}
    chosen = node.run("choose.mjs", tmp_path / "in", given)["chosen"]
    for found, person in zip(chosen, known, strict=True):
        ids = {block.id for block in person.book.surface.blocks}
        assert set(found["order"]) == ids
        if not person.book.surface.kept_orders:
            assert tuple(found["order"]) == person.profile.order


def test_marked_blocks_keep_their_order_on_a_device(answers, people) -> None:
    changed = 0
    for found, person in zip(answers["chosen"], people, strict=True):
        surface = person.book.surface
        for ids in surface.kept_orders:
            kept = [b for b in found["order"] if b in ids]
            assert kept == [b.id for b in surface.blocks if b.id in ids]
            changed += kept != [b for b in person.profile.order if b in ids] != []
    assert changed


def test_the_people_of_these_tests_move_rest_and_leave_the_book(answers, people) -> None:
    moved = [found["saves"] > 0 for found in answers["chosen"]]
    assert 0.1 < np.mean(moved) < 0.9
    assert any(found["byte"] is None for found in answers["chosen"])
    assert any(not person.profile.order for person in people)


def test_a_decision_takes_less_than_a_millisecond(answers, capsys) -> None:
    times = np.sort(answers["milliseconds"])
    median, p99 = np.median(times), np.quantile(times, 0.99)
    with capsys.disabled():
        print(f"\ndevice: {median:.3f} ms a decision, p99 {p99:.3f} ms, {len(times)} decisions")
    assert median < 1


@pytest.fixture(scope="module")
def life(books, tmp_path_factory) -> dict[str, Any]:
    given = {"book": json.loads(book_json(books["bank"])), "used": "support"}
    found: dict[str, Any] = node.run("life.mjs", tmp_path_factory.mktemp("l") / "in", given)
    return found


def test_the_byte_changes_between_visits_only(life) -> None:
    assert all(first == second for first, second in life["shown"])
    assert len({first for first, _ in life["shown"]}) > 1


def test_a_use_counts_once_in_a_visit(life) -> None:
    """The sixth visit is still open."""
    assert life["exported"]["visits"] == 5
    ((name, (_, _, _, visit, *_)),) = life["exported"]["blocks"]
    assert (name, visit) == ("support", 5)
    assert life["exported"]["open"]["used"] == ["support"]


def test_all_that_is_kept_is_exported_and_erased(life) -> None:
    assert life["keys"] == ["adaptive-device:bank"]
    assert set(life["exported"]) == {"visits", "order", "blocks", "open"}
    assert life["left"] == []
    assert life["fresh"] == 0
    assert life["sent"] == []
