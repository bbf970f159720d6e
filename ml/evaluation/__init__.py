"""Measures policies and versions on past visits; gate, guard, trials and audit share it.

In: visits and a version or policy. Out: replay lines, captured gain, seconds, effects.
Start reading in `replay`, then `metrics`; a new metric is a row of METRICS.
"""
