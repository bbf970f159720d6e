"""Credentials that end before they expire: revoked tokens, erased keys, accounts that changed.

All of it is in memory. The refresher's thread renews it, so a process refuses within
UIENGINE_REFRESH_MS what another process or plain SQL has ended, and a warm request causes no query.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError

from webapp.lib import database
from webapp.lib.refresher import ProcessState, refresher
from webapp.lib.times import utc_now
from webapp.lib.utc_field import column_value
from webapp.subjects.erasure import times_erased
from webapp.subjects.models import Erasure, RevokedToken

LATE = timedelta(hours=1)
"""Time within which an erasure commits, and after which all erasures are read again."""
KEPT = 60.0
"""Seconds that an account is watched after its last request."""
OF_REVOKED = "SELECT count(*), max(id) FROM subjects_revokedtoken"
ERASED_SINCE = "SELECT mark, times FROM subjects_erasure WHERE last_at >= %s"
"""Plain SQL, because they are asked twice a second and the ORM takes five times as long."""
MOST_WATCHED = 1000
"""Accounts that a process watches; those beyond cause a query when they ask again."""


@dataclass(frozen=True)
class UserToken:
    """A token's content.

    expires: Unix seconds; issued: UTC; erasures: of the key until then; account: the Django user's
    primary key, or empty; stamp: of that account's password then, empty if there was no account,
    None for tokens issued before there were stamps; marks: under which the key's erasures are
    stored.
    """

    key: str
    expires: int
    id: str
    issued: datetime
    erasures: int
    account: str
    stamp: str | None
    marks: Sequence[str]


class RevokedTokens(ProcessState):
    """Ids of user tokens that were revoked before they expire.

    Rows of expired tokens are deleted nightly: the list stays as short as tokens live.

    _state: the process that read the list, and its number of rows and latest row then.
    """

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self._known: frozenset[str] = frozenset()
        self._state: tuple[Any, ...] | None = None

    def renew(self) -> None:
        """Reads the ids if rows were added or deleted since."""
        (found,) = database.rows(RevokedToken, OF_REVOKED)
        state = (os.getpid(), *found)
        if state != self._state:
            self._known = frozenset(RevokedToken.objects.values_list("token_id", flat=True))
            self._state = state

    def holds(self, token_id: str) -> bool:
        """Returns True if the token is revoked.

        Causes a query once per process, or always if no thread renews the list (UIENGINE_REFRESH_MS
        0).
        """
        if not settings.UIENGINE_REFRESH_MS:
            self.renew()
        elif self._state is None or self._state[0] != os.getpid():
            self.renew()
            refresher.start()
        return token_id in self._known


class ErasedKeys(ProcessState):
    """How often keys were erased, by their marks, for as long as tokens issued before live.

    _since: the issue of the oldest token that asked; None before any did.
    """

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self._times: dict[str, int] = {}
        self._since: datetime | None = None
        self._read_at: datetime | None = None
        self._pid = 0

    def renew(self) -> None:
        """Reads the erasures of late, and once in a while all that matter."""
        now = utc_now()
        if self._since is None:
            return
        if self._read_at is None or not timedelta() <= now - self._read_at < LATE:
            rows = Erasure.objects.filter(last_at__gte=self._since - LATE)
            self._times, self._read_at = dict(rows.values_list("mark", "times")), now
        else:
            since = column_value(now - LATE, database.connection())
            self._times.update(database.rows(Erasure, ERASED_SINCE, [since]))

    def times(self, marks: Sequence[str], issued: datetime) -> int:
        """Counts the erasures under these marks since `issued`, and perhaps earlier ones."""
        if self._pid != os.getpid() or self._since is None or issued < self._since:
            usual = utc_now() - timedelta(days=settings.UIENGINE_TOKEN_DAYS)
            self._since, self._read_at = min(issued, self._since or usual), None
            self.renew()
            self._pid = os.getpid()
            if settings.UIENGINE_REFRESH_MS:
                refresher.start()
        elif not settings.UIENGINE_REFRESH_MS:
            self.renew()
        return sum(self._times.get(mark, 0) for mark in marks)


class Account(NamedTuple):
    """A user's row. stamps: short hashes of its password, one under each secret, the newest
    first."""

    is_active: bool
    stamps: tuple[str, ...]


class _Watched(NamedTuple):
    account: Account
    sessions: set[str]
    asked_at: float


class Accounts(ProcessState):
    """The accounts that asked of late, with their sessions that were verified.

    Rows are compared, so it does not matter how an account was deactivated or its password changed.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        self._known: OrderedDict[str, _Watched] = OrderedDict()
        self._pid = 0

    def renew(self) -> None:
        """Reads the watched accounts again; forgets sessions of those that changed."""
        with self._lock:
            over = time.monotonic() - KEPT
            for pk in [pk for pk, watched in self._known.items() if watched.asked_at < over]:
                del self._known[pk]
            pks = list(self._known)
        found = accounts_read(pks) if pks else {}
        with self._lock:
            for pk in pks:
                watched = self._known.get(pk)
                if watched is not None and found.get(pk) != watched.account:
                    del self._known[pk]

    def current(self, pk: str) -> Account | None:
        """The account, or None if there is none. Causes a query unless it is watched."""
        if watched := self._watched(pk):
            return watched.account
        account = account_read(pk)
        if account is not None and settings.UIENGINE_REFRESH_MS:
            self._watch(pk, account)
        return account

    def is_verified(self, pk: str, session: str) -> bool:
        """Returns True if the session was verified and its account has not changed since."""
        watched = self._watched(pk)
        return watched is not None and session in watched.sessions

    def verified(self, user: Any, session: str) -> None:
        """Remembers a session of the user, whose row was read to verify it."""
        pk, account = str(user.pk), _account(user)
        if not settings.UIENGINE_REFRESH_MS:
            return
        watched = self._watched(pk)
        if watched is not None and watched.account == account:
            watched.sessions.add(session)
        else:
            self._watch(pk, account, session)

    def _watched(self, pk: str) -> _Watched | None:
        if not settings.UIENGINE_REFRESH_MS or self._pid != os.getpid():
            return None
        with self._lock:
            watched = self._known.get(pk)
            if watched is not None:
                self._known[pk] = watched._replace(asked_at=time.monotonic())
                self._known.move_to_end(pk)
            return watched

    def _watch(self, pk: str, account: Account, *sessions: str) -> None:
        with self._lock:
            if self._pid != os.getpid():
                self._known.clear()
                self._pid = os.getpid()
            self._known[pk] = _Watched(account, set(sessions), time.monotonic())
            while len(self._known) > MOST_WATCHED:
                self._known.popitem(last=False)
        refresher.start()


def accounts_read(pks: Iterable[str]) -> dict[str, Account]:
    """Reads accounts by their primary keys as text; those that do not exist are missing."""
    try:
        users = list(get_user_model()._default_manager.filter(pk__in=list(pks)))
    except (ValueError, TypeError, ValidationError, OverflowError):  # no key of this model
        return {}
    return {str(user.pk): _account(user) for user in users}


def account_read(pk: str) -> Account | None:
    return accounts_read([pk]).get(pk)


def _account(user: Any) -> Account:
    hashes = [user.get_session_auth_hash()] if hasattr(user, "get_session_auth_hash") else [""]
    if hasattr(user, "get_session_auth_fallback_hash"):
        hashes += user.get_session_auth_fallback_hash()
    stamps = (hashlib.sha256(f"{user.pk}\n{text}".encode()).hexdigest()[:16] for text in hashes)
    return Account(bool(getattr(user, "is_active", True)), tuple(stamps))


revoked, erased, accounts = RevokedTokens(), ErasedKeys(), Accounts()
for state in (revoked, erased, accounts):
    refresher.register(state)


def has_ended(token: UserToken, *, afresh: bool = False) -> bool:
    """Returns True if the token was revoked, its key erased or its account changed since its issue.

    afresh: asks the database instead of memory. Raises DatabaseError where memory does not know and
    the database is away.
    """
    if afresh:
        revoked.renew()
    if revoked.holds(token.id):
        return True
    times = times_erased(token.key) if afresh else erased.times(token.marks, token.issued)
    if times > token.erasures:
        return True
    return bool(token.account) and _has_changed(token, afresh)


def _has_changed(token: UserToken, afresh: bool) -> bool:
    """Returns True if the token's account is not as it was at its issue."""
    found = (account_read if afresh else accounts.current)(token.account)
    if not token.stamp:  # issued before there were stamps, or by a host without the account
        return found is not None and not found.is_active
    return found is None or not found.is_active or token.stamp not in found.stamps
