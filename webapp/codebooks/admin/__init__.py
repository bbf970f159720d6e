"""Admin of codebook versions, their rollout, and pipelines with their runs."""

from webapp.codebooks.admin import runs, surfaces, versions

__all__ = ("runs", "surfaces", "versions")
