"""A database that is far, or whose old connections are lost, is there: it is waited for, or asked
anew, and nobody waits for it longer than for one that is near."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.patience import within_its_seconds
from tests.webapp.deploy.away import MOST_SECONDS, Away, away_site

ROUNDTRIP = 0.2
"""Seconds; with TLS or a password, connecting alone takes longer than a layout may."""
TRIES = 12
SOON = 20.0
"""Seconds; the system's own limit is a quarter of an hour."""


@pytest.fixture(scope="module")
def far(tmp_path_factory) -> Iterator[Away]:
    with away_site(tmp_path_factory.mktemp("far"), {"WEB_THREADS": "4"}) as site:
        yield site


@within_its_seconds
def test_people_of_a_far_database_get_their_layouts(far):
    far.proxy.refuse()
    far.proxy.mend()
    far.proxy.late = ROUNDTRIP / 2
    try:
        for name, asker in far.people("far").items():
            asked = [far.layout(asker)]
            while asked[-1][1]["status"] != "adapted" and len(asked) < TRIES:
                asked.append(far.layout(asker))
            assert max(seconds for seconds, _ in asked) < MOST_SECONDS, name
            assert asked[-1][1]["status"] == "adapted", name
            # The first answer may be nobody's: where a busy machine adds to the way, the key is not
            # known in time.
            status, counted = far.send(asker, asked[-1][1])
            assert (status, counted["accepted"]) == (202, 1), (name, counted)
    finally:
        far.proxy.late = 0.0


@within_its_seconds
def test_lost_connections_hold_nobody_up(far):
    """The network forgets the open connections; new ones work."""
    known = far.people("known")
    far.place.wait(lambda: _all_adapted(far), "everybody is known")
    asker = known["known key"]
    _, shown = far.layout(asker)
    for _ in range(2):  # all threads have a connection
        with ThreadPoolExecutor(8) as pool:
            assert {status for status, _ in pool.map(far.send, [asker] * 8, [shown] * 8)} == {202}

    far.proxy.forget()
    began = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        sent = list(pool.map(far.send, [asker] * 8, [shown] * 8))
    assert time.monotonic() - began < SOON
    assert {status for status, _ in sent} <= {202, 503}
    asked = [far.layout(one) for one in known.values() for _ in range(4)]
    assert max(seconds for seconds, _ in asked) < MOST_SECONDS
    assert far.send(asker, shown)[0] == 202


def _all_adapted(far: Away) -> bool:
    shown = [far.layout(asker)[1] for asker in far.people("known").values()]
    return {one["status"] for one in shown} == {"adapted"}
