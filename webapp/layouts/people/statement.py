"""The accessibility statement of a surface: criteria of WCAG 2.2 that arranging a page touches.

It speaks of the grid, the menus of `<adaptive-layout>` and the order of blocks; what stands inside
the blocks is the team's. Each criterion names the tests that show it, and a test of ours compares
those names with the tests there are.
"""

from __future__ import annotations

from dataclasses import dataclass

from uiengine.page.surface import Surface


@dataclass(frozen=True)
class Criterion:
    """tests: file::function, below tests/; open: what is not shown by them, or empty."""

    number: str
    name: str
    how: str
    tests: tuple[str, ...]
    open: str = ""


ACCESS, PAGES, WISHES = (f"webapp/demo/test_{name}.py" for name in ("access", "pages", "wishes"))
SIGHT, ENGINE = "webapp/demo/test_sight.py", "uiengine/test_engine.py"
COMMON = (
    Criterion(
        "1.3.2",
        "Meaningful Sequence",
        "Blocks stand in the document in their reading order, without script as well.",
        (
            f"{ACCESS}::test_focus_visits_the_blocks_in_reading_order",
            "webapp/demo/test_adapting.py::"
            "test_without_script_the_page_has_the_same_order_and_works",
        ),
        "Blocks pinned to a cell may stand elsewhere than in the common order.",
    ),
    Criterion(
        "1.4.10",
        "Reflow",
        "From 390 CSS px on, the page does not scroll sideways; at 320 px a block's menu stays "
        "inside the page, in both directions of writing.",
        (
            f"{PAGES}::test_axe_finds_nothing_serious_and_nothing_overflows",
            f"{SIGHT}::test_the_panel_stays_inside_a_page_of_320_px",
        ),
        "The whole page at 320 px; content of blocks that is wider than its block.",
    ),
    Criterion(
        "2.1.1",
        "Keyboard",
        "A block's menu is opened, and the block moved, by keyboard alone.",
        (f"{ACCESS}::test_a_block_is_moved_by_keyboard_alone_and_keeps_the_focus",),
        "Undo, freeze and reset: they are buttons, but were not tried by keyboard.",
    ),
    Criterion(
        "2.3.3",
        "Animation from Interactions (AAA)",
        "Blocks do not glide where reduced motion is asked for.",
        (f"{ACCESS}::test_blocks_glide_unless_motion_is_unwanted",),
    ),
    Criterion(
        "2.4.3",
        "Focus Order",
        "Focus follows the order that is shown, and stays on a block that moves.",
        (
            f"{ACCESS}::test_focus_visits_the_blocks_in_reading_order",
            f"{ACCESS}::test_a_block_is_moved_by_keyboard_alone_and_keeps_the_focus",
        ),
    ),
    Criterion(
        "2.5.7",
        "Dragging Movements",
        "A block is moved by the buttons of its menu; nothing needs dragging.",
        (f"{WISHES}::test_a_moved_block_stands_where_it_was_put_and_undo_takes_it_back",),
        "Grids of other libraries need a menu of the host's own.",
    ),
)


def statement(surface: Surface) -> list[Criterion]:
    """The criteria of this surface, by number."""
    own = [_target(surface), *_orders(surface), _status()]
    found = [*COMMON, *own]
    return sorted(found, key=lambda c: [int(part) for part in c.number.split(".")])


def _target(surface: Surface) -> Criterion:
    px = surface.guardrails.min_target_px
    return Criterion(
        "2.5.8",
        "Target Size (Minimum)",
        f"Every block is at least {px} × {px} CSS px, and so are the controls, 24 × 24.",
        (
            f"{ACCESS}::test_controls_are_large_enough_to_touch",
            f"{ENGINE}::test_no_decision_breaks_a_guardrail",
        ),
        "Targets inside blocks.",
    )


def _orders(surface: Surface) -> list[Criterion]:
    return [
        _order(surface, "3.2.3", "Consistent Navigation", "navigation"),
        _order(surface, "3.2.6", "Consistent Help", "help"),
    ]


def _order(surface: Surface, number: str, name: str, mark: str) -> Criterion:
    marked = [block.title for block in surface.blocks if getattr(block, mark)]
    how = (
        f"These blocks are marked {mark} and keep their relative order on all surfaces, unless "
        f"the person moves one: {', '.join(marked)}."
        if marked
        else f"No block is marked {mark}, so the engine keeps no such order here."
    )
    tests = (
        "uiengine/page/test_consistency.py::"
        "test_two_surfaces_show_shared_marked_blocks_in_one_order",
        "webapp/surfaces/test_site_order.py::"
        "test_a_contradiction_names_block_surface_and_next_step",
    )
    left = "Whether every such block is marked; what stands outside the arranged page."
    return Criterion(number, name, how, tests if marked else (), left)


def _status() -> Criterion:
    return Criterion(
        "4.1.3",
        "Status Messages",
        "Where a block now stands is said in a live region when it was moved.",
        (f"{ACCESS}::test_a_block_is_moved_by_keyboard_alone_and_keeps_the_focus",),
        "Which screen readers speak it, and when: none was tried.",
    )
