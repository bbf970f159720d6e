"""What a site knows beside visits and attributes, which an audit counts or says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ml.audit.goals import AuditedGoal
from ml.audit.put_away import Answers


@dataclass(frozen=True)
class SiteFacts:
    """Facts of the audited page's site.

    is_chosen: whether the attributes were asked for; else what is no category is left out, not
    refused. lent: per attribute the days that its values are kept, and how many people's have gone
    by that. goals: what the team counts, reported by slice; no verdict depends on it. answers: of
    people to suggestions to put a block away. churn: what the version alone moves, as of
    `ml.audit.churn`, where that was counted. population: of how many people the audited ones were
    drawn; 0: they are all.
    """

    is_chosen: bool = True
    lent: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    goals: Sequence[AuditedGoal] = ()
    answers: Answers = field(default_factory=dict)
    churn: Mapping[str, Any] = field(default_factory=dict)
    population: int = 0


NO_FACTS = SiteFacts()
