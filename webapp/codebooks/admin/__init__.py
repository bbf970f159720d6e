"""Admin of codebook versions, their rollout, and pipelines with their runs."""

from webapp.codebooks.admin import record, runs, surfaces, versions

__all__ = ("record", "runs", "surfaces", "versions")
