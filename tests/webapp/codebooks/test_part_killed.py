"""Kills a real worker in the middle of a part, with the run: that part alone is done again."""

from __future__ import annotations

from tests.evidence.killed_part import KilledPart


def test_a_killed_worker_costs_its_part_alone(tmp_path):
    run = KilledPart(tmp_path, "holder")

    found = run.run_until(run.has_collected)

    attempts = [attempts for state, attempts in found["parts"] if state == "done"]
    assert len(attempts) == len(found["parts"]) > 3
    assert sorted(attempts) == [1] * (len(attempts) - 1) + [2]
    assert found["steps"][0] == ("collect", "done", 2)
    assert found["collected"] == run.stored()
