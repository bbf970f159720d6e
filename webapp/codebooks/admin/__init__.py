"""Admin of codebook versions, their rollout, and pipelines with their runs."""

from webapp.codebooks.admin import gate_reports, record, rollouts, runs, surfaces, versions

__all__ = ("gate_reports", "record", "rollouts", "runs", "surfaces", "versions")
