"""How long tests wait for what must happen: it ends what hangs, and says nothing about speed."""

PATIENCE = 240.0
"""Seconds. Under pytest's own limit, so that what was waited for is named."""
