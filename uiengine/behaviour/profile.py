"""Profiles: the stored behaviour of one subject on one surface.

Counters store their time and decay lazily, so folding a visit costs O(blocks touched). Times are
whole days since 1970-01-01 (`day`, see `days`); an open visit also has seconds. The functions below
change a Profile in place, the engine's one exception to frozen values: copying every block on every
event would make folding O(blocks).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

DAY_HALF_LIVES = (2.0, 7.0, 28.0)
"""Half-lives of a use, in days."""
VISIT_HALF_LIVES = (4.0, 20.0)
"""Half-lives of a share (1 / blocks used in the visit), in visits."""
SECONDS_PER_DAY = 86_400
MOST_STEPS = 20
"""Maximum number of wishes of a visit that can be undone."""
UNDO_DAYS = 28
"""Days for which an undone move is not proposed again."""
RESIZE_KEPT = 0.5
"""Share of its familiarity that a block keeps in another size: the coefficient `resize_kept`."""
Sizes = Mapping[str, int]
"""Size classes by block: 0 min, 2 max. Those of the default size are left out."""
OwnSizes = Mapping[str, Mapping[str, tuple[int, int]]]
"""Sizes that the user gave, in cells: by block, then by the breakpoint where it was done."""


@dataclass(slots=True)
class BlockUse:
    """One block's counters at its last use.

    day_uses: uses decayed by days; visit_shares: shares decayed by visits; day, visit: day and
    ordinal of the visit of the last use; uses: number of visits that used it; last_share: its share
    of the last such visit.
    """

    day_uses: tuple[float, ...] = (0.0,) * len(DAY_HALF_LIVES)
    visit_shares: tuple[float, ...] = (0.0,) * len(VISIT_HALF_LIVES)
    day: int = 0
    visit: int = 0
    uses: int = 0
    last_share: float = 0.0


@dataclass(slots=True)
class OpenVisit:
    """The visit that events are folded into. Its uses count when it closes."""

    id: str
    day: int
    blocks: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Pin:
    """A block fixed by the user: at `rank` everywhere, and at cell (x, y) at `breakpoint`."""

    rank: int
    breakpoint: str = ""
    x: int = 0
    y: int = 0


@dataclass(frozen=True, slots=True)
class Undone:
    """A move taken back by the user: the block is not moved to `rank` again until `until_day`."""

    block: str
    rank: int
    until_day: int


@dataclass(frozen=True, slots=True)
class Suggested:
    """The visit and day at which a block was suggested to be put away."""

    visit: str
    day: int


@dataclass(frozen=True, slots=True)
class Step:
    """The state before one wish of the open visit, for undo to restore.

    shown, shown_sizes: the order and sizes on the page; order, sizes, familiarity: the profile's;
    the rest: the feedback's.
    """

    shown: tuple[str, ...]
    order: tuple[str, ...]
    familiarity: dict[str, float]
    pins: dict[str, Pin]
    undone: tuple[Undone, ...]
    folded: tuple[str, ...] = ()
    tray: dict[str, int] = field(default_factory=dict)
    sizes: Sizes = field(default_factory=dict)
    shown_sizes: Sizes = field(default_factory=dict)
    own_sizes: OwnSizes = field(default_factory=dict)
    kept_sizes: Mapping[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Feedback:
    """The user's explicit wishes; every change raises `generation` and takes effect at once.

    frozen, opted_out: the layout stays as it is. plain: the default order, and nothing is learned.
    override: the order set by hand in visit `override_visit`, which holds for that visit, as do
    override_sizes. own_sizes: as the user resized blocks. kept_sizes: blocks of which a new size
    was taken back, each with the day from which it may change again. Mappings of sizes are
    replaced, never changed. steps: the states before the latest wishes of the open visit, the last
    one at the end. folded: blocks shown by their title alone; tray: the blocks put away, each with
    the rank it had; suggested: blocks that were suggested to be put away; declined: those that the
    user kept. unexpected: blocks that stand by their own use alone, as nothing is to be expected of
    others'.
    """

    pins: dict[str, Pin] = field(default_factory=dict)
    undone: tuple[Undone, ...] = ()
    frozen: bool = False
    opted_out: bool = False
    plain: bool = False
    generation: int = 0
    override: tuple[str, ...] = ()
    override_visit: str = ""
    override_sizes: Sizes = field(default_factory=dict)
    own_sizes: OwnSizes = field(default_factory=dict)
    kept_sizes: Mapping[str, int] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    folded: tuple[str, ...] = ()
    tray: dict[str, int] = field(default_factory=dict)
    suggested: dict[str, Suggested] = field(default_factory=dict)
    declined: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()


@dataclass(slots=True)
class Profile:
    """A subject's counters on a surface.

    visits: closed visits; day_visits: visits decayed to `last_day`, per half-life in days; order:
    the last layout's reading order, empty for a new subject; familiarity: uses of each block since
    it last moved (u); before: the order before the open visit, which undo restores; last_event:
    seconds since 1970 of the last folded event, or 0. sizes, sizes_before: as order and before.
    """

    blocks: dict[str, BlockUse] = field(default_factory=dict)
    familiarity: dict[str, float] = field(default_factory=dict)
    visits: int = 0
    day_visits: tuple[float, ...] = (0.0,) * len(DAY_HALF_LIVES)
    first_day: int = 0
    last_day: int = 0
    order: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    sizes: Sizes = field(default_factory=dict)
    sizes_before: Sizes = field(default_factory=dict)
    open: OpenVisit | None = None
    last_event: float = 0.0
    feedback: Feedback = field(default_factory=Feedback)


def fold_visit(
    profile: Profile,
    day: int,
    blocks: Iterable[str],
    order: Sequence[str] = (),
    sizes: Sizes | None = None,
) -> None:
    """Folds a whole visit, as files hold it. order, sizes: the layout that was shown."""
    open_visit(profile, f"day:{day}", day, order, sizes)
    for block_id in blocks:
        add_use(profile, block_id)
    close_visit(profile)


def open_visit(
    profile: Profile,
    visit: str,
    day: int,
    order: Sequence[str] = (),
    sizes: Sizes | None = None,
) -> None:
    """Closes any open visit and opens another, shown in `order` (empty: unknown)."""
    close_visit(profile)
    profile.before, profile.sizes_before = profile.order, profile.sizes
    show_order(profile, order)
    if order:
        show_sizes(profile, sizes or {})
    profile.open = OpenVisit(visit, day)


def show_order(profile: Profile, order: Sequence[str]) -> None:
    """Records a new order; a moved block keeps half its familiarity after one rank, none after
    more."""
    if not order or tuple(order) == profile.order:
        return
    ranks = {block_id: rank for rank, block_id in enumerate(profile.order)}
    for rank, block_id in enumerate(order):
        if block_id in ranks and ranks[block_id] != rank and block_id in profile.familiarity:
            kept = familiarity_kept(rank - ranks[block_id])
            profile.familiarity[block_id] *= kept
    profile.order = tuple(order)


def show_sizes(profile: Profile, sizes: Sizes) -> None:
    """Records new sizes; a resized block keeps the share `resize_kept` of its familiarity."""
    for block_id in resized_blocks(profile.sizes, sizes):
        if block_id in profile.familiarity:
            profile.familiarity[block_id] *= RESIZE_KEPT
    profile.sizes = dict(sizes)


def resized_blocks(before: Sizes, after: Sizes) -> tuple[str, ...]:
    """Blocks whose size class differs, in alphabetical order."""
    return tuple(b for b in sorted({*before, *after}) if before.get(b, 1) != after.get(b, 1))


def familiarity_kept(shift: int) -> float:
    """Share of u that remains after a move by `shift` ranks: 1 for 0, 0.5 for ±1, else 0."""
    return (1.0, 0.5)[abs(shift)] if abs(shift) <= 1 else 0.0


def add_use(profile: Profile, block_id: str) -> None:
    """Records a block's use in the open visit; repeated uses change nothing.

    Raises ValueError without an open visit.
    """
    if profile.open is None:
        raise ValueError("add_use needs an open visit: call open_visit first")
    profile.open.blocks.add(block_id)


def close_visit(profile: Profile) -> None:
    """Counts the open visit. A visit without a use does not change the counters."""
    visit, profile.open = profile.open, None
    if visit is None or not visit.blocks:
        return
    _count_visit(profile, visit.day)
    share = 1.0 / len(visit.blocks)
    for block_id in sorted(visit.blocks):
        counters = profile.blocks.setdefault(
            block_id, BlockUse(day=visit.day, visit=profile.visits)
        )
        _count(counters, visit.day, profile.visits, share)
        profile.familiarity[block_id] = profile.familiarity.get(block_id, 0.0) + 1.0


def add_late_use(profile: Profile, block_id: str, day: int) -> None:
    """Counts a use of an earlier, closed visit: it adds 2^(−Δ/h) to the day counters.

    Its share is no longer known, so the per-visit counters do not change. The caller must ensure
    that a block counts once per visit.
    """
    late = BlockUse(day=day, uses=1, day_uses=(1.0,) * len(DAY_HALF_LIVES))
    counters = profile.blocks.get(block_id)
    if counters is None:
        late.visit = profile.visits
        profile.blocks[block_id] = late
    else:
        counters.day_uses, counters.day = add_day_uses(counters, late)
        counters.uses += 1
    if not profile.visits:
        _count_visit(profile, day)
    profile.first_day = min(profile.first_day, day)
    profile.familiarity[block_id] = profile.familiarity.get(block_id, 0.0) + 1.0


def day_visits_at(profile: Profile, day: int) -> tuple[float, ...]:
    """Decayed visits at `day`, per half-life of DAY_HALF_LIVES."""
    return _decayed(profile.day_visits, day - profile.last_day, DAY_HALF_LIVES)


def day_uses_at(counters: BlockUse, day: int) -> tuple[float, ...]:
    """Decayed uses at `day`, per half-life of DAY_HALF_LIVES."""
    return _decayed(counters.day_uses, day - counters.day, DAY_HALF_LIVES)


def visit_shares_at(counters: BlockUse, visits: int) -> tuple[float, ...]:
    """Decayed shares at visit `visits`, per half-life of VISIT_HALF_LIVES."""
    return _decayed(counters.visit_shares, visits - counters.visit, VISIT_HALF_LIVES)


def habit_at(counters: BlockUse, visits: int) -> float:
    """The last of `visit_shares_at`: the block's share sum at the longest half-life."""
    left: float = 2.0 ** (-max(visits - counters.visit, 0) / VISIT_HALF_LIVES[-1])
    return counters.visit_shares[-1] * left


def copy(profile: Profile) -> Profile:
    """Copies the profile; no mutable part is shared."""
    own = profile.feedback
    feedback = replace(  # steps never change
        own, pins=dict(own.pins), tray=dict(own.tray), suggested=dict(own.suggested)
    )
    visit = profile.open
    return replace(
        profile,
        blocks={block_id: replace(c) for block_id, c in profile.blocks.items()},
        familiarity=dict(profile.familiarity),
        open=visit and OpenVisit(visit.id, visit.day, set(visit.blocks)),
        feedback=feedback,
    )


def _count(counters: BlockUse, day: int, visit: int, share: float) -> None:
    shares = visit_shares_at(counters, visit)
    counters.visit_shares = tuple([v + share for v in shares])
    counters.day_uses, counters.day = _one_more(counters.day_uses, counters.day, day)
    counters.visit, counters.last_share = visit, share
    counters.uses += 1


def add_day_uses(one: BlockUse, other: BlockUse) -> tuple[tuple[float, ...], int]:
    """The sum of both counters' decayed uses, at the later of their days."""
    day = max(one.day, other.day)
    pairs = zip(day_uses_at(one, day), day_uses_at(other, day), strict=True)
    return tuple(a + b for a, b in pairs), day


def _count_visit(profile: Profile, day: int) -> None:
    before = profile.last_day if profile.visits else day
    profile.day_visits, profile.last_day = _one_more(profile.day_visits, before, day)
    profile.first_day = min(profile.first_day, day) if profile.visits else day
    profile.visits += 1


def _one_more(values: tuple[float, ...], at: int, day: int) -> tuple[tuple[float, ...], int]:
    """Adds what happened on `day`, once, to decayed sums of day `at`: both at the later day."""
    if day >= at:
        return tuple([v + 1.0 for v in _decayed(values, day - at, DAY_HALF_LIVES)]), day
    late = _decayed((1.0,) * len(DAY_HALF_LIVES), at - day, DAY_HALF_LIVES)
    return tuple([v + w for v, w in zip(values, late, strict=True)]), at


def _decayed(
    values: Sequence[float], elapsed: int, half_lives: Sequence[float]
) -> tuple[float, ...]:
    if elapsed <= 0:
        return tuple(values)
    return tuple([v * 2.0 ** (-elapsed / h) for v, h in zip(values, half_lives, strict=True)])


def undoes(
    profile: Profile,
    *,
    order: Sequence[str],
    before: Sequence[str],
    sizes: Sizes | None = None,
    sizes_before: Sizes | None = None,
) -> str:
    """Names the effect of `feedback.undo`: `wish`, `visit` or `nothing`.

    The user's last wish of this visit comes first, then the engine's moves and new sizes since the
    last visit. order, sizes: those on the page; before, sizes_before: those of the previous visit.
    """
    if profile.feedback.steps:
        return "wish"
    is_same = tuple(order) == tuple(before) and (sizes or {}) == (sizes_before or {})
    return "nothing" if is_same else "visit"
