"""Audits: how a policy serves slices of people, with intervals and verdicts.

In: a replay, visits and people. Out: report.html, report.json, and rows for the admin.
Start reading in `audit`, then `strata` and `sums`; `__main__` is the command.
"""
