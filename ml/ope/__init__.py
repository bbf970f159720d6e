"""Off-policy estimates: would another version have done better?

In: logged decisions with propensities, and a target's. Out: IPS, SNIPS and DR with intervals.
Start reading in `estimates`; `__main__` is the command.
"""
