"""A retrain under a limit learns from fewer, whole people, and is judged on the same others."""

from __future__ import annotations

import json

from ml.experiments import retrain_limits

PEOPLE, VISITS = 40, 6


def test_a_lower_limit_learns_from_fewer_whole_people(capsys):
    arguments = ["--people", str(PEOPLE), "--visits", str(VISITS), "--epochs", "1"]
    arguments += ["--limits", "60", "1000", "--seeds", "0"]

    assert retrain_limits.main(arguments) == 0

    few, every = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert few["learned_visits"] == VISITS * few["learned_people"] <= 60
    assert every["learned_people"] + every["visits"] // VISITS == PEOPLE  # the others are judged on
    assert few["visits"] == every["visits"] > 0
    assert -1 <= few["captured"] <= 1
