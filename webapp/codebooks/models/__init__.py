"""Tables of codebook versions, grouped by topic."""

from webapp.codebooks.models.books import KeptBook
from webapp.codebooks.models.live import Agreement, GuardWindow, LiveMinute
from webapp.codebooks.models.parts import Part
from webapp.codebooks.models.pipelines import GateReport, Pipeline, Run
from webapp.codebooks.models.versions import Alias, AliasMove, CodebookVersion, Proposal, Rollout

__all__ = [
    "Agreement",
    "Alias",
    "AliasMove",
    "CodebookVersion",
    "GateReport",
    "GuardWindow",
    "KeptBook",
    "LiveMinute",
    "Part",
    "Pipeline",
    "Proposal",
    "Rollout",
    "Run",
]
