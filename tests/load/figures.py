"""Figures of `make load`; each is a function of a running stack."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from statistics import median
from typing import Any
from uuid import uuid4

from tests.bench.dashboards import dashboard_json
from tests.bench.measure import line
from tests.bench.people import past, people_add
from tests.load.client import Act, Caller, Measured, closed_loop, open_loop
from tests.load.stack import Stack, wait_for

CALLERS = 4
BATCH = 50
SLOW = 0.050
"""Seconds above which an answer counts as slow."""
MOST_RATE = 1000
"""Upper bound of fresh decisions per second; enough people are prepared for this rate."""
AHEAD = "first answer of a visit, made ahead"
_number = itertools.count()


def save_dashboard(blocks: int) -> str:
    """Saves the page; returns its API address."""
    from webapp.surfaces.services import surface_save

    surface_save(dashboard_json(blocks))
    return f"/api/layout?surface=dashboard-{blocks}"


def token(key: str) -> str:
    from django.utils import timezone

    from webapp.subjects.keys import user_token_make

    return user_token_make(key=key, now=timezone.now())


def fresh(path: str, most: int) -> Act:
    """Requests each layout for another of `most` people who know the page, so that no cache has
    it."""
    known = [token(key) for key in people_add(path.rpartition("=")[2], most)]
    return _adapted(path, iter(known))  # tokens are signed before timing starts


def made_ahead(path: str, most: int) -> Act:
    """Requests each layout for another of `most` people who know the page, as `fresh` does; a
    worker has made their answers. Prints the processor time that this took."""
    from django.core.cache import cache
    from django.utils import timezone

    from webapp.layouts.answer import ahead
    from webapp.serving.pages import serving
    from webapp.subjects.state_cache import asked_name

    slug = path.rpartition("=")[2]
    keys, page, now = list(people_add(slug, most)), serving.page(slug), timezone.now()
    told = cache.get(asked_name("load:warm", slug))  # as the web process left it for somebody
    cache.set_many({asked_name(key, slug): told for key in keys})
    start = time.process_time()
    made = sum(ahead.answer_make(key=key, page=page, now=now) for key in keys if page)
    assert told and made == most, f"{made} of {most} answers were made"
    spent = 1e3 * (time.process_time() - start) / most
    line("an answer made ahead by a worker, processor time", spent, "ms", "answers", most)
    return _adapted(path, iter([token(key) for key in keys]))


def newcomers(path: str) -> Act:
    """Requests each layout for a new person."""
    return _adapted(path, (token(f"load:{next(_number)}") for _ in itertools.count()))


def _adapted(path: str, tokens: Iterator[str]) -> Act:
    turn = threading.Lock()

    def act(caller: Caller) -> None:
        with turn:
            mine = next(tokens)
        answer = caller.get(path, mine)
        assert answer.status == 200 and b'"status":"adapted"' in answer.body, answer

    return act


def same(path: str, who: str, status: int = 200, **headers: str) -> Act:
    key = token(who) if who else ""

    def act(caller: Caller) -> None:
        answer = caller.get(path, key, **headers)
        assert answer.status == status, answer

    return act


def cold_start(stack: Stack, path: str, seconds: float) -> None:
    """Measures the time from starting the web process to its first layout, and that layout's
    own."""
    stack.start_web()
    caller, act = Caller(stack.port), newcomers(path)

    def answers() -> bool:
        try:
            return caller.get("/api/health").status == 200
        except Exception:
            return False

    wait = wait_for(answers, "the web process answered")
    start = time.perf_counter()
    act(caller)
    first = time.perf_counter() - start
    stack.body.write_bytes(caller.get(path, token("load:warm")).body)  # body of the floors
    others = closed_loop(stack.port, act, seconds=seconds, callers=1)
    caller.close()
    line(f"{stack.kind}: cold start to the first layout", wait + first, "s", "to reach", 3.0)
    name = f"{stack.kind}: first layout of a process"
    line(name, first * 1e3, "ms", "p99 of later ones", others.quantile(0.99))


def throughput(
    stack: Stack, path: str, acts: Mapping[str, Act], seconds: float
) -> dict[str, float]:
    """Measures requests per second, alternating with the bare view. Returns the rates of `acts`."""
    caller = Caller(stack.port)
    etag = caller.get(path, token("load:warm")).headers["etag"]
    caller.close()
    kinds = {
        "warm, same visit": (same(path, "load:warm"), same("/bare", "")),
        "304": (
            same(path, "load:warm", 304, **{"If-None-Match": etag}),
            same("/bare", "", 304, **{"If-None-Match": '"bare"'}),
        ),
        "fresh decision of a newcomer": (newcomers(path), same("/bare", "")),
        **{name: (act, same("/bare", "")) for name, act in acts.items()},
    }
    rates: dict[str, float] = {}
    for name, (ask, floor) in kinds.items():
        pairs = [
            (_loaded(stack, ask, seconds / 3), _loaded(stack, floor, seconds / 3)) for _ in range(3)
        ]
        rates[name] = median(ours.rate for (ours, _), _ in pairs)
        bare = median(other.rate for _, (other, _) in pairs)
        more = {
            "p50": median(ours.quantile(0.5) for (ours, _), _ in pairs),
            "p99": median(ours.quantile(0.99) for (ours, _), _ in pairs),
            "server_ms": median(own for (_, own), _ in pairs),
            "bare_server_ms": median(own for _, (_, own) in pairs),
        }
        line(
            f"{stack.kind}: GET /api/layout, {name}",
            rates[name],
            "requests/s",
            "a bare DRF view of the same bytes",
            bare,
            **more,
        )
    return rates


def _loaded(stack: Stack, act: Act, seconds: float) -> tuple[Measured, float]:
    """Runs a closed loop; returns it and the server's processor time per request in ms."""
    before = stack.processor_seconds()
    found = closed_loop(stack.port, act, seconds=seconds, callers=CALLERS)
    used = stack.processor_seconds() - before
    return found, 1e3 * used / max(len(found.seconds), 1)


def at_half(stack: Stack, what: str, act: Act, saturation: float, seconds: float) -> None:
    """Measures answers at half the saturation rate, beside the bare view at that rate."""
    rate = saturation / 2
    ours = open_loop(stack.port, act, seconds=seconds, callers=8, rate=rate)
    floor_act = same("/bare", "")
    bare = open_loop(stack.port, floor_act, seconds=max(seconds / 4, 2), callers=8, rate=rate)
    name = f"{stack.kind}: {what} at {rate:.0f} requests/s for {seconds:g} s"
    floor = "the bare view at that rate"
    line(f"{name}, p50", ours.quantile(0.5), "ms", floor, bare.quantile(0.5))
    line(f"{name}, p99", ours.quantile(0.99), "ms", floor, bare.quantile(0.99))
    slow, slow_bare = (1e3 * sum(s > SLOW for s in m.seconds) for m in (ours, bare))
    per = f"{name}, answers over 50 ms"
    line(per, slow / len(ours.seconds), "‰", floor, slow_bare / len(bare.seconds))


def ingest(stack: Stack, path: str, seconds: float) -> None:
    """Measures events per second stored by POST, beside a bulk insert of equal rows."""
    people = [token(f"load:writer-{i}") for i in range(CALLERS)]
    caller = Caller(stack.port)
    shown = {p: caller.get(path, p).json()["decision"] for p in people}
    caller.close()
    owners = itertools.cycle(people)

    def post(caller: Caller) -> None:
        person = next(owners)
        answer = caller.post("/api/events", person, batch(shown[person]))
        assert answer.status == 202 and answer.json()["accepted"] == BATCH, answer

    rounds = []
    for _ in range(3):
        ours, own = _loaded(stack, post, seconds / 3)
        bulk, bulk_own = _inserted(seconds / 6, _by_bulk_create)
        bare, bare_own = _inserted(seconds / 6, _by_statement)
        rounds.append((ours.rate * BATCH, 1e3 * own / BATCH, bulk, bulk_own, bare, bare_own))
    rate, own, bulk, bulk_own, bare, bare_own = map(median, zip(*rounds, strict=True))
    line(
        f"{stack.kind}: POST /api/events, {BATCH} a batch, one web worker",
        rate,
        "events/s",
        "a bulk insert of the same rows (bulk_create)",
        bulk,
        server_us_per_event=own,
        bulk_us_per_event=bulk_own,
        bare_statement=bare,
        bare_statement_us_per_event=bare_own,
    )


def batch(decision: str, kind: str = "impression", count: int = BATCH) -> dict[str, Any]:
    from django.utils import timezone

    at = timezone.now().isoformat()
    events = [{"id": f"e{next(_number)}", "at": at, "type": kind} for _ in range(count)]
    return {"decision": decision, "events": events}


Insert = Callable[[Any, list[str], datetime], object]


def _inserted(seconds: float, insert: Insert) -> tuple[float, float]:
    """Inserts pending rows in batches like the API's, a transaction each, from one process.

    Returns rows per second, and the process's own processor time per row in µs.
    """
    from django.db import transaction
    from django.utils import timezone

    from webapp.subjects.models import Event

    place, rows = _place_of_floor(), 0
    start, own = time.perf_counter(), time.process_time()
    while time.perf_counter() - start < seconds:
        names = [f"f{next(_number)}" for _ in range(BATCH)]
        with transaction.atomic():
            insert(place, names, timezone.now())
        rows += BATCH
    rate = rows / (time.perf_counter() - start)
    own = 1e6 * (time.process_time() - own) / rows
    Event.objects.filter(profile_id=place.profile_id, fold="pending").update(fold="folded")
    return rate, own


def _place_of_floor() -> Any:
    """Creates the rows that the floor's events refer to; no worker is notified."""
    from django.db import transaction

    from webapp.subjects.decisions import Served
    from webapp.subjects.events import target_make
    from webapp.surfaces.models import Surface

    surface = Surface.objects.get(slug="dashboard-20")
    served = Served("s", surface.slug, 1, "v", 0, 1, "", 0, "adapted", ("b0",))
    key = {"key": "load:floor", "user_id": None, "visitor": ""}
    with transaction.atomic():
        return target_make(**key, served=served, surface=surface)


def _by_bulk_create(place: Any, names: list[str], now: datetime) -> None:
    from webapp.subjects.models import Event

    columns: dict[str, Any] = dict.fromkeys(("at", "happened_at", "received_at"), now)
    columns |= {"profile_id": place.profile_id, "decision_id": place.decision_id}
    columns |= {"kind": "impression", "lease_until": now + timedelta(days=1), "batch": uuid4()}
    Event.objects.bulk_create(Event(event_id=name, **columns) for name in names)


def _by_statement(place: Any, names: list[str], now: datetime) -> None:
    """Runs only the product's INSERT statement."""
    from webapp.subjects.event_rows import NewEvent, rows_insert

    rows = [NewEvent(name, now, now, "impression", "", {}) for name in names]
    lease = now + timedelta(days=1)
    rows_insert(place, rows, batch=uuid4(), now=now, lease_until=lease)


def memory(stack: Stack, path: str, requests: int) -> None:
    """Measures a web worker's memory after some and after many requests, half of them fresh."""
    acts = [newcomers(path), same(path, "load:warm")]
    caller = Caller(stack.port)

    def after(count: int) -> float:
        for i in range(count):
            acts[i % 2](caller)
        return stack.memory()

    early = after(min(1000, requests // 10))
    late = after(requests - min(1000, requests // 10))
    caller.close()
    name = f"{stack.kind}: memory of a web worker after {requests} requests"
    line(name, late, "MB", f"after {min(1000, requests // 10)}", early)


def growth_with_blocks(stack: Stack, counts: tuple[int, ...], seconds: float) -> None:
    """Measures p99 of fresh decisions with one caller, on pages of growing size."""
    most = int(2 * seconds * MOST_RATE)
    pages = [(f"{n} blocks", fresh(save_dashboard(n), most)) for n in counts]
    time.sleep(2)  # the web process loads new pages within a second
    _grown(stack, pages, seconds)


def growth_with_users(stack: Stack, path: str, counts: tuple[int, ...], seconds: float) -> None:
    """Measures p99 for stored people that are in no cache, as their number grows.

    Rounds alternate with the bare view, so that other load on the machine shows in both.
    """
    found: list[tuple[str, list[Measured], list[Measured]]] = []
    for first, count in itertools.pairwise((0, *counts)):
        _add_people(path.rpartition("=")[2], first, count)
        step = 7919  # a prime, to spread over the table
        numbers = (n * step % count for n in itertools.count())

        def act(caller: Caller, numbers: Any = numbers) -> None:
            answer = caller.get(path, token(f"many:{next(numbers)}"))
            assert answer.status == 200 and b'"status":"adapted"' in answer.body, answer

        closed_loop(stack.port, act, seconds=seconds / 4, callers=1)
        ours, bare = [], []
        for _ in range(3):
            ours.append(closed_loop(stack.port, act, seconds=seconds / 3, callers=1))
            floor = same("/bare", "")
            bare.append(closed_loop(stack.port, floor, seconds=seconds / 12, callers=1))
        found.append((f"{count} users", ours, bare))
    first_name, smallest, _ = found[0]
    for name, ours, bare in found:
        line(
            f"{stack.kind}: fresh decision, {name}, one caller, p99",
            _typical(ours, 0.99),
            "ms",
            f"with {first_name}",
            _typical(smallest, 0.99),
            p50=_typical(ours, 0.5),
            p50_beside=_typical(smallest, 0.5),
            bare_p50=_typical(bare, 0.5),
            bare_p99=_typical(bare, 0.99),
        )


def _typical(rounds: list[Measured], share: float) -> float:
    return median(found.quantile(share) for found in rounds)


PEOPLE = """
WITH new AS (
    INSERT INTO subjects_subject (key, source, clock_offset, created_at)
    SELECT 'many:' || n, 'live', 0, now() FROM generate_series(%s, %s - 1) n RETURNING id
)
INSERT INTO subjects_profile (subject_id, surface_id, state, version, updated_at)
SELECT id, %s, %s, 0, now() FROM new
"""


def _add_people(slug: str, first: int, last: int) -> None:
    """Adds subjects with ten visits each, by SQL."""
    from django.db import connection

    from webapp.surfaces.models import Surface

    surface = Surface.objects.get(slug=slug)
    state = past([block["id"] for block in surface.definition["blocks"]])
    with connection.cursor() as cursor:
        for start in range(first, last, 100_000):
            until = min(start + 100_000, last)
            cursor.execute(PEOPLE, [start, until, surface.pk, json.dumps(state)])
        cursor.execute("VACUUM ANALYZE subjects_subject, subjects_profile")
        cursor.execute("CHECKPOINT")


def _grown(stack: Stack, pages: list[tuple[str, Act]], seconds: float) -> None:
    found = []
    for name, act in pages:
        closed_loop(stack.port, act, seconds=seconds / 4, callers=1)
        found.append((name, closed_loop(stack.port, act, seconds=seconds, callers=1)))
    _lines(stack, found)


def _lines(stack: Stack, found: list[tuple[str, Measured]]) -> None:
    first, smallest = found[0]
    for name, measured in found:
        what = f"{stack.kind}: fresh decision, {name}, one caller"
        more = {"p50": measured.quantile(0.5), "p50_beside": smallest.quantile(0.5)}
        value, other = measured.quantile(0.99), smallest.quantile(0.99)
        line(f"{what}, p99", value, "ms", f"with {first}", other, **more)
