"""Admin of codebook versions, their rollout, and pipelines with their runs."""

from webapp.codebooks.admin import runs, versions

__all__ = ("runs", "versions")
