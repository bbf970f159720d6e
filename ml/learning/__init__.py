"""Trains the networks and the codebook.

In: visits in time order. Out: `loop.Fitted`, the torch networks and the code vectors.
Start reading in `loop`; `settings` has every number, `objective` the loss.
"""
