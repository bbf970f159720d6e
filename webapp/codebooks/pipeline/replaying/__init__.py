"""Replays held-back people under a version and the champion, in parts of the people.

In: files of collected visits, versions. Out: modelled seconds of each person. Start in `jobs`.
"""
