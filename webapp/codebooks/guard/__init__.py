"""Watches the serving version, and the challenger in shadow or canary.

In: answers counted by the minute. Out: guard windows, and a rollback after two bad ones.
Start reading in `windows`.
"""
