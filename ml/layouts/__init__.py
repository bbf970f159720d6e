"""Codes layouts that people made as tokens of a version's layout part.

In: files of dashboards and rearrangements. Out: layout encoder, codes and decoder of a version.
Start reading in `records`, then `part`; `coding` uses an exported part.
"""
