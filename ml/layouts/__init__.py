"""Layouts that people made, as tokens of a version's layout part.

In: dashboards and rearrangements of files. Out: the layout encoder, codes and decoder of a version.
Start reading in `records`, then `part`.
"""
