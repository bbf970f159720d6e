"""Versions that are there: files, aliases, the record of moves, and who they were trained with.

In: a version folder. Out: rows, stored files, alias moves.
Start reading in `aliases`.
"""
