"""Counts what a change of versions moves for people who did nothing new.

In: profiles as they are, two versions. Out: figures of the gate's condition. Start in `jobs`.
"""
