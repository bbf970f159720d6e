"""Off-policy estimates: would another version have done better?

In: a log of decisions with propensities, and a target's decisions for the same visits. Out: IPS,
SNIPS and DR estimates with intervals. Start reading in `estimates`; `__main__` is the command.
"""
