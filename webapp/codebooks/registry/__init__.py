"""Existing versions: files, aliases, the record of moves, and their training subjects.

In: a version folder. Out: rows, stored files, alias moves.
Start reading in `aliases`.
"""
