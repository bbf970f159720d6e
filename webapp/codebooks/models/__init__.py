"""The rows of codebook versions, by what they are about."""

from .live import Agreement, GuardWindow, LiveMinute
from .pipelines import GateReport, Pipeline, Run
from .versions import Alias, AliasMove, CodebookVersion, Proposal, Rollout

__all__ = [
    "Agreement",
    "Alias",
    "AliasMove",
    "CodebookVersion",
    "GateReport",
    "GuardWindow",
    "LiveMinute",
    "Pipeline",
    "Proposal",
    "Rollout",
    "Run",
]
