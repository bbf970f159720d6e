"""Makes a version: trains it on what collecting left, then exports and registers it.

In: files of collected visits, the champion. Out: a registered version. Start in `jobs`.
"""
