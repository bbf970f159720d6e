"""Judges a version by the gate's conditions, and lets it serve or holds it.

In: what replay and audit left. Out: a gate report, and the surface's rollout. Start in `jobs`.
"""
