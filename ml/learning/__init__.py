"""Trains the networks and the codebook.

In: visits in time order. Out: fitted torch networks and code vectors.
Start reading in `loop`; `settings` has every number.
"""
