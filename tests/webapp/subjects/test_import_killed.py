"""Whoever imports is killed by SIGKILL in the middle of a part: that part alone is done again."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from tests.webapp.codebooks.test_import_visits import write
from tests.webapp.subjects.killed_import import KilledImport

PEOPLE, ROWS_A_PART = 60, 60
WHAT = ("states", "visits", "days")


@pytest.fixture(scope="module")
def path(tmp_path_factory) -> Path:
    chance = random.Random(3)
    rows = [
        f"shop,u{person},2026-01-{day:02},{block},{chance.randint(1, 4)}"
        for person in range(PEOPLE)
        for day in sorted(chance.sample(range(1, 29), 3))
        for block in chance.sample(("cart", "deals", "help"), 2)
    ]
    return Path(write(tmp_path_factory.mktemp("rows"), *rows))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, path) -> dict[str, Any]:
    """What one part leaves, on SQLite."""
    run = KilledImport(tmp_path_factory.mktemp("undisturbed"))
    run.wait(run.command(path, rows=100_000))
    return run.found()


def test_the_command_is_killed_and_the_same_command_goes_on(tmp_path, path, undisturbed):
    run = KilledImport(tmp_path)
    run.kill(run.command(path, ROWS_A_PART, victim="command", at=3))
    left = run.found()

    run.wait(run.command(path, ROWS_A_PART))

    assert left["imports"] == ["running"] and left["files"]
    assert 0 < len(left["visits"]) < len(undisturbed["visits"])
    found = run.found()
    assert {name: found[name] for name in WHAT} == {name: undisturbed[name] for name in WHAT}
    assert found["attempts"] == [1] * (len(found["attempts"]) - 1) + [2]
    assert (found["imports"], found["files"]) == (["done"], [])


def test_a_worker_is_killed_and_the_command_takes_its_part_over(tmp_path, path, undisturbed):
    from tests.webapp.deploy.place import fresh_database  # needs psycopg, which a host may lack

    with fresh_database() as address:
        run = KilledImport(tmp_path, address)
        worker = run.worker(victim="worker", at=1)
        command = run.command(path, ROWS_A_PART, victim="worker")
        try:
            run.kill(worker)
            run.wait(command)
        finally:
            run.end(worker)
            run.end(command)
        found = run.found()

    assert {name: found[name] for name in WHAT} == {name: undisturbed[name] for name in WHAT}
    assert found["attempts"] == [1] * (len(found["attempts"]) - 1) + [2]
    assert (found["imports"], found["files"]) == (["done"], [])
