"""Watches the version that serves, and the one in its shadow or canary.

In: answers counted by the minute. Out: guard windows, and a rollback where one fails.
Start reading in `windows`.
"""
