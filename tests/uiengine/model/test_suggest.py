"""A suggested arrangement keeps every rule of the page, and the decoder's order and sizes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.uiengine.strategies import surfaces
from uiengine import guardrails
from uiengine.model.layout_codec import SizedOrder
from uiengine.model.layout_slots import HEIGHTS, WIDTHS
from uiengine.model.suggest import known_kinds, suggest
from uiengine.page.layout import pack
from uiengine.page.reading_order import default_order
from uiengine.page.surface import Block, Breakpoint, Size, SizeLimits, Surface


class Says:
    """A layout part with fixed answers."""

    kinds = {"table": 1, "stat": 2}  # noqa: RUF012

    def __init__(self, score, width, height):
        self.answers = [np.array(a) for a in (score, width, height)]

    def sized_order(self, kinds, columns, tokens=()):
        assert list(kinds) == sorted(kinds)
        score, width, height = (a[: len(kinds)] for a in self.answers)
        return SizedOrder(score.astype(float), width, height, 0)


def page(*kinds, most=None):
    sizes = {"wide": SizeLimits(Size(12, 2), Size(2, 1), most)}
    blocks = tuple(Block(f"{kind}{i}", kind, kind, sizes) for i, kind in enumerate(kinds))
    return Surface("page", blocks, (Breakpoint("wide", 1200, 12, 800),))


def test_order_and_sizes_are_those_the_decoder_says():
    # slots in alphabetical order of kinds: stat, stat, table; the usual height is 12 rows
    usual = int(np.flatnonzero(HEIGHTS == 12)[0])
    half = int(np.flatnonzero(HEIGHTS == 6)[0])
    says = Says([5.0, 4.0, 9.0], [WIDTHS // 2 - 1] * 2 + [WIDTHS - 1], [half, half, usual])

    found = suggest(page("stat", "table", "stat"), says)

    assert [b.id for b in found.blocks] == ["table1", "stat0", "stat2"]
    assert [b.sizes["wide"].default for b in found.blocks] == [Size(12, 2), Size(6, 1), Size(6, 1)]


def test_limits_bound_what_is_suggested():
    says = Says([1.0], [WIDTHS - 1], [len(HEIGHTS) - 1])

    (block,) = suggest(page("stat", most=Size(4, 3)), says).blocks

    assert block.sizes["wide"].default == Size(4, 3)


def test_kinds_that_were_learned_are_told_from_others():
    assert known_kinds(page("stat", "forum", "stat"), Says([], [], [])) == ["stat"]


@settings(deadline=None, max_examples=60)
@given(surfaces(), st.integers(0, 2**32 - 1))
def test_whatever_the_decoder_says_the_page_keeps_its_rules(surface, seed):
    draw, count = np.random.default_rng(seed), len(surface.blocks)
    says = Says(
        draw.normal(size=count), draw.integers(0, WIDTHS, count),
        draw.integers(0, len(HEIGHTS), count),
    )  # fmt: skip

    found = suggest(surface, says)

    layout = pack(found, default_order(found))
    assert not guardrails.check(guardrails.Case(found, layout))
    assert sorted(b.id for b in found.blocks) == sorted(b.id for b in surface.blocks)
    assert found.pinned_ranks == surface.pinned_ranks
    for block in found.blocks:
        before = surface.block(block.id)
        assert not block.is_pinned or block == before


@pytest.mark.parametrize("kinds", [("a",), ("b", "a", "b", "c")])
def test_a_decoder_without_preference_leaves_equal_kinds_in_their_order(kinds):
    says = Says([0.0] * 4, [WIDTHS - 1] * 4, [0] * 4)
    found = [b.id for b in suggest(page(*kinds), says).blocks]
    assert found == [b.id for b in sorted(page(*kinds).blocks, key=lambda b: b.kind)]
