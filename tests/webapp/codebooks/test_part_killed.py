"""Kills a real worker in the middle of a part, with the run: that part alone is done again."""

from __future__ import annotations

import shutil

import pytest

from tests.evidence.killed_part import KilledPart


def assert_one_was_done_twice(attempts: list[int]) -> None:
    assert len(attempts) > 3
    assert sorted(attempts) == [1] * (len(attempts) - 1) + [2]


def test_a_killed_worker_costs_its_part_alone(tmp_path):
    run = KilledPart(tmp_path, "holder")
    run.seed()

    found = run.run_until(run.has_collected)

    assert_one_was_done_twice(found["attempts"])
    assert found["steps"][0] == ("collect", "done", 2)
    assert found["left"]["collected"] == run.stored()


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """A folder in which a version is to be judged."""
    folder = tmp_path_factory.mktemp("asked")
    KilledPart(folder, "", "audit").seed()
    return folder


@pytest.fixture(scope="module")
def undisturbed(asked, tmp_path_factory):
    """What is left where nobody is killed."""
    var = tmp_path_factory.mktemp("undisturbed")
    shutil.copytree(asked, var, dirs_exist_ok=True)
    run = KilledPart(var, "", "audit")
    return run.run_until(run.has_ended)["left"]


@pytest.mark.parametrize(("work", "victim"), [("replay", "helper"), ("audit", "holder")])
def test_a_version_is_judged_as_if_no_worker_was_killed(asked, undisturbed, tmp_path, work, victim):
    shutil.copytree(asked, tmp_path, dirs_exist_ok=True)
    run = KilledPart(tmp_path, victim, work)

    found = run.run_until(run.has_ended)

    assert_one_was_done_twice(found["attempts"])
    again = [kind for kind, _, attempts in found["steps"] if attempts > 1]
    assert again == ([work] if victim == "holder" else [])
    assert found["left"] == undisturbed
    assert [len(undisturbed[name]) for name in ("audits", "gates")] == [1, 1]
