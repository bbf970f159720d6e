"""Decides if a version may serve.

In: a trained and audited version. Out: a gate report, a promotion or a refusal.
Start reading in `conditions`, then `promotion`.
"""
