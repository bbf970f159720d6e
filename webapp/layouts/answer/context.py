"""Reads everything that determines a decision before it is made."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any

from django.conf import settings

from uiengine import put_away
from uiengine.behaviour.days import day_end, day_of
from uiengine.behaviour.popularity import Popularity
from uiengine.behaviour.profile import Profile, Sizes
from uiengine.page.surface import Same, Surface
from uiengine.request import Request
from webapp.layouts.answer import answer_cache
from webapp.lib.cache import NOT_POOLED, NOTHING, Pooled
from webapp.lib.refresher import ProcessState, refresher
from webapp.lib.times import to_milliseconds
from webapp.serving.pages import Page, serving
from webapp.subjects import state_cache, visit_state
from webapp.subjects.decisions import is_control

log = logging.getLogger(__name__)
LEAST = 4
"""Fewest candidates worth a search; with fewer it finds nothing better than System 1."""
SYSTEM_1 = 1
"""The budget that means no search."""
MEMORY = 0.1
"""Weight of the latest decision in the running mean of processor times."""
TURN = 0.2
"""Seconds that a decision waits for its turn before it is made beside the one under way."""
LATE = 0.8
"""Seconds of processor time that a version may take for a decision."""
ASIDE = 60.0
"""Seconds for which this process asks nothing of a version that took longer than LATE."""


class LateVersionError(Exception):
    """The version takes too long for a decision; the caller falls back, and the guard counts it."""


@dataclass(frozen=True)
class DecisionContext:
    """Everything that determines a decision, and enough to name it before it is made.

    key: the subject's, or empty; since: ms, the last event before the visit; times_erased: erasures
    of the key; budget: candidates for the visit's decisions, 0 before one is agreed on (see
    `budget_agree`); was_control: True if the open visit began in the control share, None without an
    open visit; before, sizes_before: as shown at the previous visit, or empty; is_open: False
    before the visit's first event; shown: the order of an open visit, empty if another is due, as
    something was struck out; until: ms, when the visit ends (before its first event: its day) or a
    canary's share changes; cached_as: the generation of the subject's state in the cache; unkept:
    the state to store there.
    """

    key: str
    page: Page
    profile: Profile
    visit: str
    since: int
    day: int
    times_erased: int = 0
    budget: int = 0
    was_control: bool | None = None
    before: tuple[str, ...] = ()
    is_open: bool = False
    sizes_before: Sizes = field(default_factory=dict)
    shown: tuple[str, ...] = ()
    until: int = 0
    cached_as: str = ""
    unkept: state_cache.Unkept | None = None

    @property
    def decided_by(self) -> str:
        """Content id of the version that should decide, or empty if none should."""
        is_asked = self.key and self.page.surface.mode != "off" and not self.is_control
        return self.page.wanted if is_asked else ""

    @property
    def is_decided_by_another(self) -> bool:
        """True if that version could not be loaded."""
        return self.page.version is None or self.page.version.id != self.page.wanted

    @cached_property
    def surface(self) -> Surface:
        """The surface as this person has it: without what they put away, while the page is live."""
        whole, feedback = self.page.surface, self.profile.feedback
        if whole.mode != "live" or not (feedback.folded or feedback.tray):
            return whole
        return put_away.page_of(whole, feedback)

    @cached_property
    def is_control(self) -> bool:
        """True if this subject keeps the default layout, for comparison; pins and freezing hold.

        An open visit keeps its group, so that a changed share moves nothing while someone reads.
        """
        if self.page.surface.mode != "live":
            return False
        if self.was_control is not None:
            return self.was_control
        return is_control(self.key, self.page.surface.slug, self.page.control_percent)

    @cached_property
    def name(self) -> str:
        """A hash of everything that determines the decision, except the budget."""
        version = self.page.version
        return hash_of(
            self.key,
            self.times_erased,
            self.page.surface.slug,
            self.page.surface.revision,
            self.page.fingerprint,
            self.visit,
            self.day,
            version.id if version else "",
            self.profile.feedback.generation,
            self.profile.visits,
            self.is_control,
            settings.UIENGINE_BUDGET,
        )

    @property
    def budget_name(self) -> str:
        """Cache key of the budget that is agreed on for the visit."""
        return f"budget:{self.name}"


class SearchBudget(ProcessState):
    """Estimates how many candidates this process can afford to search now.

    The next decision takes about the mean processor time of a decision, times the decisions under
    way in this process. While that fits into the rest of UIENGINE_DEADLINE_MS, the configured
    budget applies; beyond it the budget shrinks in proportion, down to SYSTEM_1.

    under_way: decisions being made or waited for; seconds: mean processor time of recent ones.
    A version that takes longer than LATE is set aside, so that no other page waits for it.
    """

    def __init__(self) -> None:
        self.clear()
        self._lock = threading.Lock()
        self._turn = threading.RLock()

    def clear(self) -> None:
        self.under_way = 0
        self.seconds = 0.0
        self._deciding = ""
        self._aside: dict[str, float] = {}

    @contextmanager
    def deciding(self, version: str = "") -> Iterator[None]:
        """Lets one thread at a time decide and render; the others wait, though not for a late one.

        Python computes in one thread at a time anyway, and threads that alternate during decisions
        need a quarter more processor time each. version: id of the version that decides, or empty.
        Raises LateVersionError if it takes longer than LATE, here or in the thread that has the
        turn.
        """
        with self._lock:
            self.under_way += 1
        has_turn = False
        try:
            has_turn = self._take_turn(version)
            start = time.thread_time()
            yield
            spent = time.thread_time() - start
            self._refuse_late(version, spent)
            self.seconds += MEMORY * (spent - self.seconds)
        finally:
            if has_turn:
                self._turn.release()
            with self._lock:
                self.under_way -= 1

    def is_aside(self, version: str) -> bool:
        """Returns True for a minute after the version took too long in this process."""
        return time.monotonic() < self._aside.get(version, 0.0)

    def _take_turn(self, version: str) -> bool:
        """Waits for the turn; False if another version has it for long, to go on without."""
        has_turn = self._turn.acquire(timeout=TURN)
        if not has_turn and version and self._deciding == version:
            has_turn = self._turn.acquire(timeout=LATE - TURN)
            if not has_turn and self._deciding == version:
                raise LateVersionError(f"version {version} is still deciding for somebody else")
        if has_turn:
            self._deciding = version
        return has_turn

    def _refuse_late(self, version: str, spent: float) -> None:
        if version and spent > LATE:
            self._aside[version] = time.monotonic() + ASIDE
            extra = {"version": version, "seconds": round(spent, 2)}
            log.error("layout.version_late", extra=extra)
            raise LateVersionError(f"version {version} took {spent:.1f} s for a decision")

    def budget(self, most: int, *, left: float) -> int:
        """Returns how many candidates fit into `left` seconds, from `most` down to SYSTEM_1."""
        expected = (self.under_way + 1) * self.seconds
        if 0 < left >= expected:
            return most
        affordable = int(most * left / expected) if left > 0 else 0
        return affordable if affordable >= LEAST else SYSTEM_1


search_budget = SearchBudget()
refresher.register(search_budget)


def decision_context(
    *, key: str, page: Page, now: datetime, state: Mapping[str, Any] | None = None
) -> DecisionContext:
    """Reads the context, without a query if caches are warm.

    state: cached values for `webapp.subjects.state_cache.read`.
    """
    milliseconds = to_milliseconds(now)
    if not key or page.surface.mode == "off":
        zone = page.surface.zone
        return nobody_context(page, day_of(milliseconds, zone), day_end(milliseconds, zone))
    known = state_cache.read(key, page, state)
    here = milliseconds + known.clock_offset * 1000
    visit_state.settle(known.state, here, page.gap)
    began = known.state.open.started - here + milliseconds if known.state.open else milliseconds
    until = _ends(known.state, page, here, milliseconds)
    page = page.serving(key, began)
    visit, since, day = visit_state.current(known.state, state_cache.fold_target(key, page), here)
    profile, times = known.state.profile, known.times_erased
    budget = known.state.open.budget if known.state.open else 0
    was_control = known.state.open.is_control if known.state.open else None
    before, sizes_before = profile.order, profile.sizes
    if known.state.open:
        before, sizes_before = profile.before, profile.sizes_before
    return DecisionContext(
        key=key,
        page=page,
        profile=profile,
        visit=visit,
        since=since,
        day=day,
        times_erased=times,
        budget=budget,
        was_control=was_control,
        before=before,
        is_open=known.state.open is not None,
        sizes_before=sizes_before,
        shown=known.state.open.order if known.state.open else (),
        until=until,
        cached_as=known.generation,
        unkept=known.unkept,
    )


def _ends(state: visit_state.State, page: Page, here: int, now: int) -> int:
    """Computes `DecisionContext.until`. Times in ms; here: now, by the subject's clock."""
    ahead = here - now
    if state.open:
        return state.last + page.gap - ahead
    day_ends = day_end(here, page.surface.zone) - ahead
    return min([day_ends, *(since for since, _ in page.shares if since > now)])


def nobody_context(page: Page, day: int, until: int = 0) -> DecisionContext:
    """until: ms, when the day ends; 0 for what is not kept."""
    return DecisionContext("", page, Profile(), "", 0, day, until=until)


def budget_agree(
    found: DecisionContext,
    mine: int,
    answer: Pooled = NOT_POOLED,
    unkept: state_cache.Unkept | None = None,
) -> int:
    """Returns the budget of the visit, which is equal for all its decisions.

    An open visit keeps the budget of the decision that its first event carried. Until then the
    first process to decide shares its budget through the cache. mine: the proposed budget, with
    which `answer` was made; it is stored, with `unkept`, only if it is the agreed one.
    """
    is_settled, name = found.budget or not found.key, found.budget_name
    proposed = NOTHING if is_settled else {name: (mine, answer_cache.LIFETIME)}
    return int(answer_cache.keep(answer, unkept, proposed).get(name, mine))


def affordable(waited: float) -> int:
    """Returns the number of candidates for which a request that began `waited` seconds ago has
    time."""
    left = settings.UIENGINE_DEADLINE_MS / 1000 - waited
    return search_budget.budget(settings.UIENGINE_BUDGET, left=left)


def request_of(found: DecisionContext, **more: int) -> Request:
    """The engine's request for a context."""
    return Request(
        surface=found.surface,
        profile=found.profile,
        popularity=serving.popularity(found.page, found.day) if found.key else Popularity(),
        day=found.day,
        visit=found.visit,
        budget=found.budget or settings.UIENGINE_BUDGET,
        seed=int(found.visit[:8] or "0", 16),
        **more,
    )


def basis_of(page: Page, row: state_cache.RowVersion, now: datetime) -> str:
    """A hash of what a first answer is made of besides `Page.name`: the row, and the popularity of
    its day."""
    day = day_of(to_milliseconds(now) + row.clock_offset * 1000, page.surface.zone)
    return hash_of(row, day, _popularity_hash(Same(serving.popularity(page, day))))


@lru_cache(maxsize=64)
def _popularity_hash(of: Same[Popularity]) -> str:
    return hash_of(of.value)


def hash_of(*facts: object) -> str:
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:32]
