"""Collecting: stored visits as a file for the later steps, and whom training learns from.

Shard by shard, so memory does not grow with the visits. Start in `recollecting`.
"""
