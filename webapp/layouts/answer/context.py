"""All that determines a decision, read before it is made."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.conf import settings

from uiengine.behaviour.popularity import Popularity
from uiengine.behaviour.profile import Profile
from uiengine.request import Request
from webapp.layouts.answer import answer_cache
from webapp.lib.cache import NOTHING, Entries
from webapp.lib.refresher import ProcessState, refresher
from webapp.lib.times import to_day, to_milliseconds
from webapp.serving.pages import Page, serving
from webapp.subjects import state_cache, visit_state
from webapp.subjects.decisions import is_control

log = logging.getLogger(__name__)
LEAST = 4
"""Candidates. A search among fewer finds nothing that System 1 would not serve."""
SYSTEM_1 = 1
"""The budget that means: no search."""
MEMORY = 0.1
"""Weight of the latest decision in the mean of processor times."""


@dataclass(frozen=True)
class DecisionContext:
    """All that determines a decision, and enough to name it before it is made.

    key: the subject's, empty for nobody. since: ms, the last event before the visit. times_erased:
    how often everything stored of the key was erased. budget: candidates that the visit is decided
    by, 0 where none was agreed on yet (see `budget_agree`). was_control: whether the open visit
    began in the control share, None where none is open. before: the order shown at the visit
    before, empty where there was none. until: ms, when the visit ends (before its first event: its
    day), or a canary's share changes. cached_as: the generation of the subject's state in the
    cache; unkept: the state to store there.
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
    until: int = 0
    cached_as: str = ""
    unkept: state_cache.Unkept | None = None

    @property
    def decided_by(self) -> str:
        """Content id of the version that should decide; empty where none should."""
        is_asked = self.key and self.page.surface.mode != "off" and not self.is_control
        return self.page.wanted if is_asked else ""

    @property
    def is_decided_by_another(self) -> bool:
        """That version could not be loaded."""
        return self.page.version is None or self.page.version.id != self.page.wanted

    @cached_property
    def is_control(self) -> bool:
        """Whether this subject keeps the default layout, for comparison; pins and freezing hold.

        An open visit stays what it began as, so that a changed share moves nothing under a reader.
        """
        if self.page.surface.mode != "live":
            return False
        if self.was_control is not None:
            return self.was_control
        return is_control(self.key, self.page.surface.slug, self.page.control_percent)

    @cached_property
    def name(self) -> str:
        """A hash of what determines the decision, but for the budget."""
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


class SearchBudget(ProcessState):
    """How many candidates this process can afford to search now.

    A decision's processor time, times the decisions under way in this process, is about how long
    the next one takes. While that fits into what is left of UIENGINE_DEADLINE_MS, the configured
    budget stands; beyond it the budget shrinks in proportion, down to SYSTEM_1.

    under_way: decisions being made or waited for; seconds: mean processor time of recent ones.
    """

    def __init__(self) -> None:
        self.clear()
        self._lock = threading.Lock()
        self._turn = threading.RLock()

    def clear(self) -> None:
        self.under_way = 0
        self.seconds = 0.0

    @contextmanager
    def deciding(self) -> Iterator[None]:
        """Lets one thread at a time decide and render; the others wait.

        A process computes in one thread at a time anyway, and threads that take turns in the midst
        of decisions need a quarter more processor time for each.
        """
        with self._lock:
            self.under_way += 1
        try:
            with self._turn:
                start = time.thread_time()
                yield
                self.seconds += MEMORY * (time.thread_time() - start - self.seconds)
        finally:
            with self._lock:
                self.under_way -= 1

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
    """Without a query where caches are warm. state: see `live.read`."""
    milliseconds = to_milliseconds(now)
    if not key or page.surface.mode == "off":
        return nobody_context(page, to_day(milliseconds))
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
    before = profile.before if known.state.open else profile.order
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
        until=until,
        cached_as=known.generation,
        unkept=known.unkept,
    )


def _ends(state: visit_state.State, page: Page, here: int, now: int) -> int:
    """See `DecisionContext.until`. Times in ms; here: now, by the subject's clock."""
    ahead = here - now
    if state.open:
        return state.last + page.gap - ahead
    day_ends = (here // visit_state.DAY + 1) * visit_state.DAY - ahead
    return min([day_ends, *(since for since, _ in page.shares if since > now)])


def nobody_context(page: Page, day: int) -> DecisionContext:
    return DecisionContext("", page, Profile(), "", 0, day, until=(day + 1) * visit_state.DAY)


def budget_agree(
    found: DecisionContext,
    mine: int,
    entries: Entries = NOTHING,
    unkept: state_cache.Unkept | None = None,
) -> int:
    """Returns the budget that the visit is decided by, however often it is asked for.

    An open visit keeps the budget of the decision that its first event carried. Until then the
    first to decide tells the others through the cache. mine: the budget proposed here, under which
    `entries` were made; they are stored, with `unkept`, only if it is the one agreed on.
    """
    is_settled, name = found.budget or not found.key, f"budget:{found.name}"
    proposed = NOTHING if is_settled else {name: (mine, answer_cache.LIFETIME)}
    return int(answer_cache.keep(entries, unkept, proposed).get(name, mine))


def affordable(waited: float) -> int:
    """Returns how many candidates a request that began `waited` seconds ago has time for."""
    left = settings.UIENGINE_DEADLINE_MS / 1000 - waited
    return search_budget.budget(settings.UIENGINE_BUDGET, left=left)


def request_of(found: DecisionContext, **more: int) -> Request:
    """The engine's request for a context."""
    return Request(
        surface=found.page.surface,
        profile=found.profile,
        popularity=serving.popularity(found.page, found.day) if found.key else Popularity(),
        day=found.day,
        visit=found.visit,
        budget=found.budget or settings.UIENGINE_BUDGET,
        seed=int(found.visit[:8] or "0", 16),
        **more,
    )


def hash_of(*facts: object) -> str:
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:32]
