"""Kills a real worker at the steps that write a version and move the alias."""

from __future__ import annotations

from tests.evidence.killed_pipeline import Killed

KILLED_AT = ("export", "promote")
"""`python -m tests.evidence.killed_pipeline` kills at all seven steps."""


def test_a_pipeline_ends_as_if_nothing_had_happened(tmp_path):
    found = Killed(tmp_path, KILLED_AT).run()

    assert found["pipeline"] == [("done", "It meets all conditions of the gate. Promoted.")]
    assert found["steps"] == [
        (kind, "done", 2 if kind in KILLED_AT else 1)
        for kind in ("collect", "train", "export", "replay", "audit", "gate", "promote")
    ]
    (_, innate), (name, champion) = found["versions"]
    assert (innate, champion) == ("champion", "champion")  # the other surfaces keep the innate one
    assert sorted(found["folders"]) == sorted(["innate", name])
    assert len(found["audits"]) == len(found["gates"]) == 1
    # Five surfaces adopt and anchor the innate version; then one promotion follows.
    assert found["moves"] == 11
    assert found["left_behind"] == []
